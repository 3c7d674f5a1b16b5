{#-
    At the start and at the end of a run: whether BigQuery refuses who asks a mart that has partitions
    without saying for which days. Who builds asks for all of them, so that a run lifts what the one
    before required; BIGQUERY_REQUIRE_PARTITION_FILTER says whether it is required between runs.
-#}
{% macro require_partition_filter(is_at_end) -%}
    {{ return(adapter.dispatch('require_partition_filter')(is_at_end)) }}
{%- endmacro %}

{% macro default__require_partition_filter(is_at_end) -%}
{%- endmacro %}

{% macro bigquery__require_partition_filter(is_at_end) -%}
    {%- set is_wanted = env_var('BIGQUERY_REQUIRE_PARTITION_FILTER', 'false') | lower == 'true' -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test') and (is_wanted or not is_at_end) -%}
        {%- for node in graph.nodes.values() if node.config.get('partition_by') and 'marts' in node.fqn %}
            alter table if exists {{ api.Relation.create(node.database, node.schema, node.alias) }}
            set options (require_partition_filter = {{ 'true' if is_at_end else 'false' }});
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
