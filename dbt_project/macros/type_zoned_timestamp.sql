{#- A moment, whatever zone it is written in. -#}
{% macro type_zoned_timestamp() -%}
    {{ return(adapter.dispatch('type_zoned_timestamp')()) }}
{%- endmacro %}

{% macro default__type_zoned_timestamp() -%}
    timestamp with time zone
{%- endmacro %}

{% macro bigquery__type_zoned_timestamp() -%}
    timestamp
{%- endmacro %}

{% macro snowflake__type_zoned_timestamp() -%}
    timestamp_tz
{%- endmacro %}
