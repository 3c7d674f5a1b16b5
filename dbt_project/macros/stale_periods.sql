{#-
    The periods that an incremental model has to compute: those whose input_key none of its rows
    carry. All of them in a full refresh.

    Increments follow what was loaded, never event time: a ten-year-old export that arrives today
    makes its own months stale. And because each model compares with its own rows, a build that is
    killed half-way goes on where it stopped.

    All partitions are named where there are some: who compiles asks this too, and no run has begun
    that would lift what require_partition_filter requires.
-#}
{% macro stale_periods(period_type) -%}
    {%- set partition_by = config.get('partition_by') -%}
    select periods.*
    from ({{ current_periods(period_type) }}) as periods
    {%- if is_incremental() %}
    left join (
        select distinct input_key from {{ this }}
        {%- if partition_by %}
        where {{ partition_by.field }} >= '0001-01-01'
        {%- endif %}
    ) as built
        on periods.input_key = built.input_key
    where built.input_key is null
    {%- endif %}
{%- endmacro %}
