{#-
    As a post-hook of a model: tell the planner what the new table holds. Postgres would find out
    by itself a minute later; the models that read the table are built before that, by plans for
    tables of a few rows.
-#}
{% macro gather_statistics() -%}
    {{ return(adapter.dispatch('gather_statistics')()) }}
{%- endmacro %}

{% macro default__gather_statistics() -%}
{%- endmacro %}

{% macro postgres__gather_statistics() -%}
    {%- if model.config.materialized in ('table', 'incremental') -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
