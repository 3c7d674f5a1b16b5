{#- Every setting that changes a row of fct_plays, as one text: a part of input_key. -#}
{% macro counting_rules() -%}
    {%- set rules = [] -%}
    {%- for name in [
        'min_play_ms', 'count_private_sessions', 'count_retries', 'counted_content_types',
        'max_overlap_ms', 'use_country_time_zones',
    ] -%}
        {%- do rules.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {{ local_md5(rules | join(';')) }}
{%- endmacro %}
