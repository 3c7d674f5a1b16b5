{#-
    The periods that an incremental model has to compute: those whose input_key none of its rows
    carry. All of them in a full refresh.

    Increments follow what was loaded, never event time: a ten-year-old export that arrives today
    makes its own months stale. And because each model compares with its own rows, a build that is
    killed half-way goes on where it stopped.
-#}
{% macro stale_periods(period_type) -%}
    select periods.*
    from ({{ current_periods(period_type) }}) as periods
    {%- if is_incremental() %}
    left join (select distinct input_key from {{ this }}) as built
        on periods.input_key = built.input_key
    where built.input_key is null
    {%- endif %}
{%- endmacro %}
