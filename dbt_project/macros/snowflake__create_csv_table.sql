{#- dbt's way to make a seed, with types by the names in contract_columns. -#}
{% macro snowflake__create_csv_table(model, agate_table) -%}
    {{ return(dbt.snowflake__create_csv_table(with_named_types(model), agate_table)) }}
{%- endmacro %}
