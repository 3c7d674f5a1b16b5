{#- Seconds since 1970, UTC. -#}
{% macro epoch_seconds(expression) -%}
    {{ dbt.datediff("cast('1970-01-01' as " ~ dbt.type_timestamp() ~ ")", expression, 'second') }}
{%- endmacro %}
