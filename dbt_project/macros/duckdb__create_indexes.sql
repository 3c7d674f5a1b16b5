{#-
    None, whatever is configured: DuckDB skips what does not hold a listener's period without an index,
    and DuckLake has no indexes.
-#}
{% macro duckdb__create_indexes(relation) %}
{%- endmacro %}
