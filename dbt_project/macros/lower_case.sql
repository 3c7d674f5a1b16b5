{#-
    Text in lower case, letter by letter and of every alphabet, as DuckDB has it. Postgres, which
    compares our text byte by byte, would lower ASCII alone: ICU's rules of all languages lower the
    rest, but for two letters that they write differently at a word's end (Σ) or as two (İ).
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
