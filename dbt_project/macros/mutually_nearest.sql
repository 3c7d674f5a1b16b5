{#-
    Of pairs (computed_month, left_key, right_key, distance), those in which each is the other's
    nearest, so that no key is in two pairs. Ties go to the lower keys.
-#}
{% macro mutually_nearest(pairs) -%}
    select ranked.*
    from (
        select
            {{ pairs }}.*,
            row_number() over (
                partition by computed_month, left_key order by distance, right_key
            ) as left_rank,
            row_number() over (
                partition by computed_month, right_key order by distance, left_key
            ) as right_rank
        from {{ pairs }}
    ) as ranked
    where left_rank = 1 and right_rank = 1
{%- endmacro %}
