{#-
    What dbt takes for a change of an incremental model's types. Snowflake gives a number as many digits
    as what computes it can have, 18 to a count, where the contract's column has 38: those are the same
    here. Digits after the point are not, for they would be rounded away.
-#}
{% macro snowflake__diff_column_data_types(source_columns, target_columns) -%}
    {%- set targets = {} -%}
    {%- for column in target_columns -%}
        {%- do targets.update({column.name: column}) -%}
    {%- endfor -%}
    {%- set changed = [] -%}
    {%- for column in source_columns if column.name in targets -%}
        {%- set target = targets[column.name] -%}
        {%- if (column.dtype, column.numeric_scale) != (target.dtype, target.numeric_scale) -%}
            {%- do changed.append({'column_name': column.name, 'new_type': column.data_type}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(changed) }}
{%- endmacro %}
