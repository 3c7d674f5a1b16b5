{#- The title of what was played: track, episode or chapter, whichever the record names; '' if none. -#}
{% macro item_title(relation) -%}
    coalesce({{ relation }}.track_name, {{ relation }}.episode_name, {{ relation }}.chapter_name, '')
{%- endmacro %}
