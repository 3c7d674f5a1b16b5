{#-
    A title without what names guests, in lower case: `Song (feat. Somebody)` and `Song` are the same
    recording by the same artist. `Live`, `Remix` and `Remaster` stay: those are others.
-#}
{% macro plain_title(expression) -%}
    {{ return(adapter.dispatch('plain_title')(expression)) }}
{%- endmacro %}

{% macro default__plain_title(expression) -%}
    trim(regexp_replace({{ lower_case(expression) }}, '\s*[(\[](feat[.]?|ft[.]?|featuring|with) [^)\]]*[)\]]', '', 'g'))
{%- endmacro %}

{% macro bigquery__plain_title(expression) -%}
    trim(regexp_replace({{ lower_case(expression) }}, r'\s*[(\[](feat[.]?|ft[.]?|featuring|with) [^)\]]*[)\]]', ''))
{%- endmacro %}

{#- In Snowflake's brackets a backslash may be a letter like others. -#}
{% macro snowflake__plain_title(expression) -%}
    trim(regexp_replace({{ lower_case(expression) }}, $$\s*[([](feat[.]?|ft[.]?|featuring|with) [^])]*[])]$$, ''))
{%- endmacro %}
