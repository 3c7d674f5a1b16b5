{#-
    The months that an incremental model has to compute: those whose input_key (files and rules,
    see int_listening_months) is not the one its rows carry. All of them in a full refresh.

    Increments follow what was loaded, never event time: a ten-year-old export that arrives today
    makes its own months stale. And because each model compares with its own rows, a build that is
    killed half-way goes on where it stopped.
-#}
{% macro stale_months() -%}
    select
        listener,
        ended_month,
        input_key
    from {{ ref('int_listening_months') }}
    {%- if is_incremental() %}
    where not exists (
        select 1
        from (select distinct listener, ended_month, input_key from {{ this }}) as built
        where
            built.listener = int_listening_months.listener
            and built.ended_month = int_listening_months.ended_month
            and built.input_key = int_listening_months.input_key
    )
    {%- endif %}
{%- endmacro %}
