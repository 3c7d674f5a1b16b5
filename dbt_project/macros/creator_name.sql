{#- Who made what was played: artist, show or audiobook, whichever the record names; '' if none. -#}
{% macro creator_name(relation) -%}
    coalesce({{ relation }}.artist_name, {{ relation }}.show_name, {{ relation }}.audiobook_name, '')
{%- endmacro %}
