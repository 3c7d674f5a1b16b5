{{
    config(
        materialized='incremental',
        meta={'periods': ['year']},
    )
}}

with

years as (

    {{ stale_periods('year') }}

),

plays as (

    select
        fct_plays.*,
        years.input_key as year_input_key
    from {{ ref('fct_plays') }} as fct_plays
    inner join years
        on
            fct_plays.listener = years.listener
            and cast(fct_plays.year as {{ dbt.type_string() }}) = years.period
    where fct_plays.is_counted and {{ within_months('fct_plays.listening_date', stale_months('year')) }}

),

final as (

    select
        listener,
        dow_name,
        year,
        dow,
        hour,
        count(*) as stream_count,
        {{ hours('sum(listened_ms)') }} as listening_hours,
        year_input_key as input_key
    from plays
    group by listener, year, dow, dow_name, hour, year_input_key

)

select * from final
