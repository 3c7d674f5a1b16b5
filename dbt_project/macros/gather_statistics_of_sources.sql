{#- At the start of a run: the same for the raw tables that were loaded since. -#}
{% macro gather_statistics_of_sources() -%}
    {{ return(adapter.dispatch('gather_statistics_of_sources')()) }}
{%- endmacro %}

{% macro default__gather_statistics_of_sources() -%}
{%- endmacro %}

{% macro postgres__gather_statistics_of_sources() -%}
    {%- set prefix = env_var('SCHEMA_PREFIX', '') -%}
    do $$
    declare
        raw_table regclass;
    begin
        for raw_table in
            select relid from pg_stat_user_tables
            where
                schemaname in (
                    '{{ prefix }}spotify_export', '{{ prefix }}spotify_api', '{{ prefix }}operations'
                )
                and n_mod_since_analyze > 0
        loop
            execute 'analyze ' || raw_table;
        end loop;
    end
    $$
{%- endmacro %}
