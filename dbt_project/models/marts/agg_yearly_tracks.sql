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
    where
        fct_plays.is_counted
        and fct_plays.track_key is not null
        and {{ within_months('fct_plays.listening_date', stale_months('year')) }}

),

listening as (

    select
        listener,
        track_key,
        {{ latest_by('track_name', 'ended_at') }} as track_name,
        {{ latest_by('artist_name', 'ended_at') }} as artist_name,
        year,
        count(*) as stream_count,
        sum(listened_ms) as listened_ms,
        year_input_key as input_key
    from plays
    group by listener, track_key, year, year_input_key

),

final as (

    select
        listener,
        track_key,
        track_name,
        artist_name,
        year,
        stream_count,
        {{ hours('listened_ms') }} as listening_hours,
        row_number() over (
            partition by listener, year order by stream_count desc, listened_ms desc, track_key
        ) as track_rank,
        input_key
    from listening

)

select * from final
