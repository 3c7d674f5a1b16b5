{#- dbt's own, with an interval that may be any number: those of dbt's generate_series are floats here. -#}
{% macro bigquery__dateadd(datepart, interval, from_date_or_timestamp) -%}
    datetime_add(
        cast({{ from_date_or_timestamp }} as datetime), interval cast({{ interval }} as int64) {{ datepart }}
    )
{%- endmacro %}
