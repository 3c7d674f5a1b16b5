{#- dbt's columns of a table with a contract, by the names in contract_columns. -#}
{% macro snowflake__get_table_columns_and_constraints() -%}
    {%- set columns = contract_columns(model.columns) -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(', ') }})
{%- endmacro %}
