{#-
    Everything but the files that decides what a month's rows look like, as one hash: the vars, also
    that of sessions, and the SQL of fct_plays and of all that it is made from, so that a new version
    of a model reaches the months that an old one computed.
-#}
{% macro counting_rules() -%}
    {%- set rules = [] -%}
    {%- for name in [
        'min_play_ms', 'count_private_sessions', 'count_retries', 'counted_content_types',
        'max_overlap_ms', 'listed_from_ms', 'covered_but_for', 'use_country_time_zones',
        'session_gap_minutes',
    ] -%}
        {%- do rules.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- set upstream = graph.nodes.values() | selectattr('name', 'equalto', 'fct_plays') | list -%}
        {%- for node in upstream -%}
            {%- do rules.append(node.name ~ '=' ~ node.checksum.checksum) -%}
            {%- for unique_id in node.depends_on.nodes if unique_id in graph.nodes -%}
                {%- if graph.nodes[unique_id] not in upstream -%}
                    {%- do upstream.append(graph.nodes[unique_id]) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ local_md5(rules | sort | join(';')) }}
{%- endmacro %}
