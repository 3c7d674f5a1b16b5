{#-
    Everything but the files that decides what a month's rows look like, as one hash: the vars, and
    the SQL itself, so that a new version of a model reaches the months that an old one computed.
-#}
{% macro counting_rules() -%}
    {%- set rules = [] -%}
    {%- for name in [
        'min_play_ms', 'count_private_sessions', 'count_retries', 'counted_content_types',
        'max_overlap_ms', 'use_country_time_zones',
    ] -%}
        {%- do rules.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed']) | sort(attribute='name') -%}
            {%- if node.name == 'fct_plays' or node.name == 'country_time_zones' or node.name.startswith(('stg_', 'int_')) -%}
                {%- do rules.append(node.name ~ '=' ~ node.checksum.checksum) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ local_md5(rules | join(';')) }}
{%- endmacro %}
