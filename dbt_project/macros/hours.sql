{#- Milliseconds as hours. -#}
{% macro hours(ms_expression) -%}
    cast({{ ms_expression }} as {{ type_double() }}) / 3600000
{%- endmacro %}
