{#-
    Text in lower case, letter by letter and of every alphabet, as DuckDB has it. Others write two
    letters differently at a word's end (Σ) or as two (İ); and Postgres, which compares our text byte
    by byte, would lower ASCII alone but for ICU's rules of all languages.
-#}
{% macro lower_case(expression) -%}
    {{ return(adapter.dispatch('lower_case')(expression)) }}
{%- endmacro %}

{% macro default__lower_case(expression) -%}
    lower({{ expression }})
{%- endmacro %}

{% macro postgres__lower_case(expression) -%}
    (lower(translate({{ expression }}, 'Σİ', 'σi') collate "und-x-icu") collate "C")
{%- endmacro %}

{% macro bigquery__lower_case(expression) -%}
    lower(translate({{ expression }}, 'Σİ', 'σi'))
{%- endmacro %}

{% macro snowflake__lower_case(expression) -%}
    lower(translate({{ expression }}, 'Σİ', 'σi'))
{%- endmacro %}
