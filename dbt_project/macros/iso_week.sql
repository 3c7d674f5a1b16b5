{#- A date's week by ISO 8601 as text that sorts: 2026-W05. Its year is that of its Thursday. -#}
{% macro iso_week(expression) -%}
    {{ return(adapter.dispatch('iso_week')(expression)) }}
{%- endmacro %}

{% macro default__iso_week(expression) -%}
    {{ dbt.concat([
        "cast(extract(isoyear from " ~ expression ~ ") as " ~ dbt.type_string() ~ ")",
        "'-W'",
        "right(" ~ dbt.concat(["'0'", "cast(extract(week from " ~ expression ~ ") as " ~ dbt.type_string() ~ ")"]) ~ ", 2)",
    ]) }}
{%- endmacro %}

{% macro bigquery__iso_week(expression) -%}
    format_date('%G-W%V', cast({{ expression }} as date))
{%- endmacro %}

{% macro snowflake__iso_week(expression) -%}
    {{ dbt.concat([
        "cast(yearofweekiso(" ~ expression ~ ") as " ~ dbt.type_string() ~ ")",
        "'-W'",
        "right(" ~ dbt.concat(["'0'", "cast(weekiso(" ~ expression ~ ") as " ~ dbt.type_string() ~ ")"]) ~ ", 2)",
    ]) }}
{%- endmacro %}
