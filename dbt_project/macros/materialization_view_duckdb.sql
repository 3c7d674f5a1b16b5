{#- dbt's `view` on DuckDB; see replace_in_place. -#}
{% materialization view, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='view') -%}
    {{ return(replace_in_place(relation, create_view_as(relation, compiled_code))) }}
{% endmaterialization %}
