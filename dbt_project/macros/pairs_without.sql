{#- The pairs of which neither key is in one that was chosen, see mutually_nearest. -#}
{% macro pairs_without(pairs, chosen) -%}
    select {{ pairs }}.*
    from {{ pairs }}
    where
        not exists (
            select 1 from {{ chosen }}
            where
                {{ chosen }}.computed_month = {{ pairs }}.computed_month
                and {{ chosen }}.left_key = {{ pairs }}.left_key
        )
        and not exists (
            select 1 from {{ chosen }}
            where
                {{ chosen }}.computed_month = {{ pairs }}.computed_month
                and {{ chosen }}.right_key = {{ pairs }}.right_key
        )
{%- endmacro %}
