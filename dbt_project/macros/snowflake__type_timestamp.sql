{#-
    A timestamp without a zone, as all of ours are: Snowflake has three, and an account may say which
    of them is meant by the name alone.
-#}
{% macro snowflake__type_timestamp() -%}
    timestamp_ntz
{%- endmacro %}
