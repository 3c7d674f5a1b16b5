{#- A raw column whose name is a word of SQL, in quotes: on Snowflake the loader has made it in capitals. -#}
{% macro raw_column(name) -%}
    {{ return(adapter.dispatch('raw_column')(name)) }}
{%- endmacro %}

{% macro default__raw_column(name) -%}
    {{ adapter.quote(name) }}
{%- endmacro %}

{% macro snowflake__raw_column(name) -%}
    {{ adapter.quote(name | upper) }}
{%- endmacro %}
