{#-
    A zoned timestamp as a plain one in UTC. A bare cast would shift with the session's time zone.
-#}
{% macro utc_timestamp(expression) -%}
    {{ return(adapter.dispatch('utc_timestamp')(expression)) }}
{%- endmacro %}

{% macro default__utc_timestamp(expression) -%}
    timezone('UTC', {{ expression }})
{%- endmacro %}

{% macro bigquery__utc_timestamp(expression) -%}
    datetime({{ expression }}, 'UTC')
{%- endmacro %}

{% macro snowflake__utc_timestamp(expression) -%}
    cast(convert_timezone('UTC', {{ expression }}) as timestamp_ntz)
{%- endmacro %}
