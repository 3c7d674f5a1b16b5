{#-
    A timestamp without a zone, as all of ours are: BigQuery calls it a datetime. Its own timestamps
    are moments, so that a wall clock kept in one would be shown as if it were UTC.
-#}
{% macro bigquery__type_timestamp() -%}
    datetime
{%- endmacro %}
