{#- dbt's ways to make and to fill a seed, with BigQuery's names of types; see contract_columns. -#}
{% macro bigquery__create_csv_table(model, agate_table) -%}
    {{ return(dbt.bigquery__create_csv_table(with_named_types(model), agate_table)) }}
{%- endmacro %}

{% macro bigquery__load_csv_rows(model, agate_table) -%}
    {{ return(dbt.bigquery__load_csv_rows(with_named_types(model), agate_table)) }}
{%- endmacro %}

{% macro with_named_types(model) -%}
    {%- set columns = {} -%}
    {%- for name, type in model.config.column_types.items() -%}
        {%- do columns.update({name: {'data_type': type}}) -%}
    {%- endfor -%}
    {%- set types = {} -%}
    {%- for name, column in contract_columns(columns).items() -%}
        {%- do types.update({name: column.data_type}) -%}
    {%- endfor -%}
    {{ return(dict(model, config=dict(model.config, column_types=types))) }}
{%- endmacro %}
