{#-
    As a pre-hook of a model: tell the planner that nearly every row will be read. Postgres knows
    nothing of how many rows a CTE gives, takes a join of several columns for a join of one row, and
    so loops over thousands for each of thousands: minutes where a hash join takes a second. A query
    that cannot do without a loop counts as dear then, and would be compiled before it runs.

    Beside such a loop every other plan looks as cheap as the next one: a model that reads plays
    has no cross join, which is one (tests/dbt/test_conventions.py).
-#}
{% macro plan_for_whole_tables() -%}
    {{ return(adapter.dispatch('plan_for_whole_tables')()) }}
{%- endmacro %}

{% macro default__plan_for_whole_tables() -%}
{%- endmacro %}

{% macro postgres__plan_for_whole_tables() -%}
    {%- if model.config.materialized in ('table', 'incremental') -%}
        set local enable_nestloop = off;
        set local jit = off
    {%- endif -%}
{%- endmacro %}
