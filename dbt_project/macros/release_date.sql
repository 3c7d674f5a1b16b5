{#-
    A release date as Spotify writes it, 1999 or 1999-07 or 1999-07-13, as the first day that it
    may mean. Null for 0000, which Spotify writes where it knows none, and for what is no date.
-#}
{% macro release_date(expression) -%}
    cast(
        case
            when not {{ expression }} between '0001' and '9999-12-31' then null
            when {{ expression }} like '____' then {{ dbt.concat([expression, "'-01-01'"]) }}
            when {{ expression }} like '____-__' then {{ dbt.concat([expression, "'-01'"]) }}
            when {{ expression }} like '____-__-__' then {{ expression }}
        end as date
    )
{%- endmacro %}
