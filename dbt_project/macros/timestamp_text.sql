{#-
    A plain timestamp as text for a key: 2026-01-31 23:59:59, with as much of its fraction as is not
    zero. Snowflake would write it as the session wants it.
-#}
{% macro timestamp_text(expression) -%}
    {{ return(adapter.dispatch('timestamp_text')(expression)) }}
{%- endmacro %}

{% macro default__timestamp_text(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro snowflake__timestamp_text(expression) -%}
    regexp_replace(to_varchar({{ expression }}, 'YYYY-MM-DD HH24:MI:SS.FF6'), '[.]?0+$', '')
{%- endmacro %}
