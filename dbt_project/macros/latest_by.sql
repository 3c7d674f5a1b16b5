{#- In an aggregation, the value of the row with the latest moment; of several such rows, the
    greatest value, so that a rebuild in another order comes to the same. Rows without the moment
    or the value do not count. `data_type` is the value's, text unless given. -#}
{% macro latest_by(value_expression, moment_expression, data_type=none) -%}
    {{ return(adapter.dispatch('latest_by')(value_expression, moment_expression, data_type or dbt.type_string())) }}
{%- endmacro %}

{% macro default__latest_by(value_expression, moment_expression, data_type) -%}
    max_by({{ value_expression }}, row({{ moment_expression }}, {{ value_expression }}))
        filter (where {{ moment_expression }} is not null)
{%- endmacro %}

{% macro postgres__latest_by(value_expression, moment_expression, data_type) -%}
    (array_agg({{ value_expression }} order by {{ moment_expression }} desc, {{ value_expression }} desc)
        filter (where {{ value_expression }} is not null and {{ moment_expression }} is not null))[1]
{%- endmacro %}

{% macro bigquery__latest_by(value_expression, moment_expression, data_type) -%}
    array_agg(
        if({{ moment_expression }} is null, null, {{ value_expression }}) ignore nulls
        order by {{ moment_expression }} desc, {{ value_expression }} desc limit 1
    )[safe_offset(0)]
{%- endmacro %}

{#- Snowflake leaves nulls out of an array, and what is in one has no type of its own any more. -#}
{% macro snowflake__latest_by(value_expression, moment_expression, data_type) -%}
    cast(
        array_agg(iff({{ moment_expression }} is null, null, {{ value_expression }})) within group (
            order by {{ moment_expression }} desc, {{ value_expression }} desc
        )[0] as {{ data_type }}
    )
{%- endmacro %}
