{#- What dbt compares a query's columns with; see contract_columns. -#}
{% macro snowflake__get_empty_schema_sql(columns) -%}
    {{ return(dbt.default__get_empty_schema_sql(contract_columns(columns))) }}
{%- endmacro %}
