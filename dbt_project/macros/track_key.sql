{#-
    The key of a track: a hash of Spotify's id or, where a record has none, of artist and name.
-#}
{% macro track_key(track_id, artist_name, track_name) -%}
    {{ hash_key(["coalesce(" ~ track_id ~ ", coalesce(" ~ artist_name ~ ", '') || '|' || " ~ track_name ~ ")"]) }}
{%- endmacro %}
