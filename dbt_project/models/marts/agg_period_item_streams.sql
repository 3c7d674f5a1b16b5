{{
    config(
        materialized='incremental',
        meta={'periods': ['month', 'year']},
    )
}}

with

months as (

    {{ stale_periods('month') }}

),

years as (

    {{ stale_periods('year') }}

),

streams as (

    -- a month that is stale makes its year stale
    select * from {{ ref('fct_plays') }}
    where is_counted and {{ within_months('listening_date', stale_months('year')) }}

),

period_streams as (

    -- grouped before they are told apart by kind: a track is heard again and again
    select
        streams.listener,
        'month' as period_type,
        months.period,
        streams.track_key,
        streams.artist_key,
        streams.album_key,
        streams.show_name,
        count(*) as stream_count,
        sum(streams.listened_ms) as listened_ms,
        months.input_key
    from streams
    inner join months
        on
            streams.listener = months.listener
            and streams.year_month = months.period
    group by
        streams.listener, months.period, months.input_key,
        streams.track_key, streams.artist_key, streams.album_key, streams.show_name

    union all

    select
        streams.listener,
        'year' as period_type,
        years.period,
        streams.track_key,
        streams.artist_key,
        streams.album_key,
        streams.show_name,
        count(*) as stream_count,
        sum(streams.listened_ms) as listened_ms,
        years.input_key
    from streams
    inner join years
        on
            streams.listener = years.listener
            and cast(streams.year as {{ dbt.type_string() }}) = years.period
    group by
        streams.listener, years.period, years.input_key,
        streams.track_key, streams.artist_key, streams.album_key, streams.show_name

),

items as (

    select
        listener,
        period_type,
        period,
        'track' as item_type,
        track_key as item_key,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms,
        input_key
    from period_streams
    where track_key is not null
    group by listener, period_type, period, track_key, input_key

    union all

    select
        listener,
        period_type,
        period,
        'artist' as item_type,
        artist_key as item_key,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms,
        input_key
    from period_streams
    where artist_key is not null
    group by listener, period_type, period, artist_key, input_key

    union all

    select
        listener,
        period_type,
        period,
        'album' as item_type,
        album_key as item_key,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms,
        input_key
    from period_streams
    where album_key is not null
    group by listener, period_type, period, album_key, input_key

    union all

    select
        listener,
        period_type,
        period,
        'show' as item_type,
        show_name as item_key,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms,
        input_key
    from period_streams
    where show_name is not null
    group by listener, period_type, period, show_name, input_key

),

final as (

    select
        listener,
        item_key,
        period_type,
        period,
        item_type,
        cast(stream_count as {{ dbt.type_bigint() }}) as stream_count,
        cast(listened_ms as {{ dbt.type_bigint() }}) as listened_ms,
        input_key
    from items

)

select * from final
