{#- dbt-bigquery has strategies of its own alone: this one is ours, as on every other warehouse. -#}
{% macro bq_generate_incremental_build_sql(
    strategy,
    tmp_relation,
    target_relation,
    sql,
    unique_key,
    partition_by,
    partitions,
    dest_columns,
    tmp_relation_exists,
    copy_partitions,
    incremental_predicates
) -%}
    {{ return(get_incremental_replace_periods_sql({
        'target_relation': target_relation,
        'temp_relation': tmp_relation,
        'dest_columns': dest_columns,
    })) }}
{%- endmacro %}
