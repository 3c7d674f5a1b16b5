{#- In an aggregation, the value of the row with the latest moment; of several such rows, the
    greatest value, so that a rebuild in another order comes to the same. Rows without the moment
    or the value do not count. -#}
{% macro latest_by(value_expression, moment_expression) -%}
    {{ return(adapter.dispatch('latest_by')(value_expression, moment_expression)) }}
{%- endmacro %}

{% macro default__latest_by(value_expression, moment_expression) -%}
    max_by({{ value_expression }}, row({{ moment_expression }}, {{ value_expression }}))
        filter (where {{ moment_expression }} is not null)
{%- endmacro %}

{% macro postgres__latest_by(value_expression, moment_expression) -%}
    (array_agg({{ value_expression }} order by {{ moment_expression }} desc, {{ value_expression }} desc)
        filter (where {{ value_expression }} is not null and {{ moment_expression }} is not null))[1]
{%- endmacro %}

{% macro bigquery__latest_by(value_expression, moment_expression) -%}
    array_agg(
        if({{ moment_expression }} is null, null, {{ value_expression }}) ignore nulls
        order by {{ moment_expression }} desc, {{ value_expression }} desc limit 1
    )[safe_offset(0)]
{%- endmacro %}
