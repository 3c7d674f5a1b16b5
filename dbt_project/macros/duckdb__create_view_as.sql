{#-
    As dbt-duckdb creates views, but without the database in front of what they read: DuckDB names it
    after the file, so that a view would break in a copy of another name, and where it is attached.
-#}
{% macro duckdb__create_view_as(relation, sql) %}
    {{- dbt.duckdb__create_view_as(relation, sql | replace('"' ~ relation.database ~ '".', '')) -}}
{% endmacro %}
