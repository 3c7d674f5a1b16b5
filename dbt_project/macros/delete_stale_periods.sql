{#-
    As a pre-hook of an incremental model: delete the rows whose input_key is no period's any more.
    By key and not by what the new rows replace, because a period may end up with no row at all,
    and because joining old rows with new ones on their period costs the square of its rows.
-#}
{% macro delete_stale_periods(period_type) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where input_key not in (
            select periods.input_key
            from ({{ current_periods(period_type) }}) as periods
        )
    {%- endif -%}
{%- endmacro %}
