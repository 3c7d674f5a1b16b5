{{
    config(
        materialized='incremental',
        meta={'periods': ['month']},
    )
}}

with

months as (

    {{ stale_periods('month') }}

),

plays as (

    select
        fct_plays.*,
        months.input_key as month_input_key
    from {{ ref('fct_plays') }} as fct_plays
    inner join months
        on
            fct_plays.listener = months.listener
            and fct_plays.year_month = months.period
    where
        fct_plays.is_counted
        and fct_plays.artist_key is not null
        and {{ within_months('fct_plays.listening_date', stale_months('month')) }}

),

listening as (

    select
        listener,
        artist_key,
        min(artist_name) as artist_name,
        year_month,
        count(*) as stream_count,
        count(distinct track_key) as track_count,
        sum(listened_ms) as listened_ms,
        month_input_key as input_key
    from plays
    group by listener, artist_key, year_month, month_input_key

),

final as (

    select
        listener,
        artist_key,
        artist_name,
        year_month,
        stream_count,
        track_count,
        {{ hours('listened_ms') }} as listening_hours,
        row_number() over (
            partition by listener, year_month order by stream_count desc, listened_ms desc, artist_key
        ) as artist_rank,
        input_key
    from listening

)

select * from final
