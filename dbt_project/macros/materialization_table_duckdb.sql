{#- dbt's `table` on DuckDB; see replace_in_place. -#}
{% materialization table, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ return(replace_in_place(relation, create_table_as(false, relation, compiled_code))) }}
{% endmaterialization %}
