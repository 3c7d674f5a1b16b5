{#- What dbt compares a query's columns with, in BigQuery's names; see contract_columns. -#}
{% macro bigquery__get_empty_schema_sql(columns) -%}
    {{ return(dbt.default__get_empty_schema_sql(contract_columns(columns))) }}
{%- endmacro %}
