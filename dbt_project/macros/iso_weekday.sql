{#- The day of the week by ISO 8601: 1 is Monday, 7 is Sunday. -#}
{% macro iso_weekday(expression) -%}
    {{ return(adapter.dispatch('iso_weekday')(expression)) }}
{%- endmacro %}

{% macro default__iso_weekday(expression) -%}
    cast(extract(isodow from {{ expression }}) as {{ dbt.type_int() }})
{%- endmacro %}

{% macro bigquery__iso_weekday(expression) -%}
    mod(extract(dayofweek from {{ expression }}) + 5, 7) + 1
{%- endmacro %}

{% macro snowflake__iso_weekday(expression) -%}
    dayofweekiso({{ expression }})
{%- endmacro %}
