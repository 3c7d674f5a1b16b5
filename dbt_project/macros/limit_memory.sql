{#-
    At the start of a run: how much memory DuckDB may take, before it writes to disk what does not fit.
    DUCKDB_MEMORY_LIMIT says it; without it 6 GB, or what DuckDB takes by itself where that is less.
    Ten million plays need no more, and by itself it would take most of the machine.
-#}
{% macro limit_memory() -%}
    {{ return(adapter.dispatch('limit_memory')()) }}
{%- endmacro %}

{% macro default__limit_memory() -%}
{%- endmacro %}

{% macro duckdb__limit_memory() -%}
    {%- set limit = env_var('DUCKDB_MEMORY_LIMIT', '') -%}
    {%- if execute and not limit -%}
        {%- set bytes = run_query(
            "select least(parse_formatted_bytes(current_setting('memory_limit')), parse_formatted_bytes('6GB'))"
        )[0][0] -%}
        {%- set limit = bytes ~ 'B' -%}
    {%- endif -%}
    set memory_limit = '{{ limit }}'
{%- endmacro %}
