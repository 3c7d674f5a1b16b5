{#-
    Build a table or a view where it stands: what is there is dropped and made anew in one
    transaction, which others see whole or not at all. dbt-duckdb builds beside it, renames twice and
    drops, each time through Jinja and a commit, which takes longer than most of our queries.
-#}
{% macro replace_in_place(relation, ddl) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {{- run_hooks(pre_hooks) -}}
    {%- call statement('main') -%}
        {%- if existing is not none -%}
            drop {{ existing.type }} if exists {{ existing }};
        {%- endif %}
        {{ ddl }}
    {%- endcall -%}
    {{- run_hooks(post_hooks) -}}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}
