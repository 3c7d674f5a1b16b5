{#-
    The id in a Spotify URI: spotify:track:4uLU6hMCjMI75M1A2tKUQC -> 4uLU6hMCjMI75M1A2tKUQC. A local file
    has none: its URI, spotify:local:Artist:Album:Title:200, holds names.
-#}
{% macro spotify_id(uri_expression) -%}
    case
        when {{ uri_expression }} not like 'spotify:local:%'
            then nullif({{ dbt.split_part(uri_expression, "':'", 3) }}, '')
    end
{%- endmacro %}
