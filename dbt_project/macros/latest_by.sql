{#- In an aggregation, the value of the row with the latest moment. -#}
{% macro latest_by(value_expression, moment_expression) -%}
    {{ return(adapter.dispatch('latest_by')(value_expression, moment_expression)) }}
{%- endmacro %}

{% macro default__latest_by(value_expression, moment_expression) -%}
    max_by({{ value_expression }}, {{ moment_expression }})
{%- endmacro %}
