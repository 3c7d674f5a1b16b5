{#- dbt's way to fill a seed, with BigQuery's names of types: see with_named_types. -#}
{% macro bigquery__load_csv_rows(model, agate_table) -%}
    {{ return(dbt.bigquery__load_csv_rows(with_named_types(model), agate_table)) }}
{%- endmacro %}
