{#- dbt-bigquery refuses a strategy that is not its own: see bq_generate_incremental_build_sql. -#}
{% macro dbt_bigquery_validate_get_incremental_strategy(config) -%}
    {{ return(config.get('incremental_strategy')) }}
{%- endmacro %}
