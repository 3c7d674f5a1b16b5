{#- BigQuery's name of it. -#}
{% macro bigquery__type_bigint() -%}
    int64
{%- endmacro %}
