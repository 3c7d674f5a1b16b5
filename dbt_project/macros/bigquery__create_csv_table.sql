{#- dbt's way to make a seed, with BigQuery's names of types: see with_named_types. -#}
{% macro bigquery__create_csv_table(model, agate_table) -%}
    {{ return(dbt.bigquery__create_csv_table(with_named_types(model), agate_table)) }}
{%- endmacro %}
