{#-
    dbt's columns of a table with a contract, with text that Postgres compares byte by byte, as
    DuckDB and BigQuery do: the first of several names is then the same everywhere, whatever
    collation the database was made with. Raw tables are made so by the loader, and what is computed
    from a column inherits it; only declared columns would lose it. `text`, as all expressions are,
    so that increments have the types of their table.
-#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set columns = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- set type = 'text collate "C"' if column.data_type == 'varchar' else column.data_type -%}
        {%- do columns.update({name: dict(column, data_type=type)}) -%}
    {%- endfor -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=columns) | join(', ') }})
{%- endmacro %}
