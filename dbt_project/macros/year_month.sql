{#- A date's month as text that sorts: 2026-03. -#}
{% macro year_month(expression) -%}
    {{ dbt.concat([
        "cast(extract(year from " ~ expression ~ ") as " ~ dbt.type_string() ~ ")",
        "'-'",
        "right(" ~ dbt.concat(["'0'", "cast(extract(month from " ~ expression ~ ") as " ~ dbt.type_string() ~ ")"]) ~ ", 2)",
    ]) }}
{%- endmacro %}
