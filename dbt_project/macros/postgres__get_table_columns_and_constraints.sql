{#- dbt's columns of a table with a contract, in Postgres's names; see contract_columns. -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set columns = contract_columns(model.columns) -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(', ') }})
{%- endmacro %}
