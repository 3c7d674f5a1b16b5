{#- dbt's own, but of a plain timestamp and not of a moment; see bigquery__type_timestamp. -#}
{% macro bigquery__date_trunc(datepart, expression) -%}
    datetime_trunc(cast({{ expression }} as datetime), {{ datepart }})
{%- endmacro %}
