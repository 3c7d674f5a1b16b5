{#- The id in a Spotify URI: spotify:track:4uLU6hMCjMI75M1A2tKUQC -> 4uLU6hMCjMI75M1A2tKUQC. -#}
{% macro spotify_id(uri_expression) -%}
    nullif({{ dbt.split_part(uri_expression, "':'", 3) }}, '')
{%- endmacro %}
