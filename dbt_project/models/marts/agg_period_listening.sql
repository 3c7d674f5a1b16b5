with

plays as (

    select * from {{ ref('fct_plays') }}

),

item_streams as (

    select * from {{ ref('agg_period_item_streams') }}

),

dates as (

    select
        date_day,
        {{ iso_week('date_day') }} as iso_week,
        year_month,
        cast(year as {{ dbt.type_string() }}) as year_name,
        week_start_date,
        month_start_date,
        cast({{ dbt.date_trunc('year', 'date_day') }} as date) as year_start_date
    from {{ ref('dim_dates') }}

),

periods as (

    select
        date_day,
        'week' as period_type,
        iso_week as period,
        week_start_date as period_start_date
    from dates

    union all

    select
        date_day,
        'month' as period_type,
        year_month as period,
        month_start_date as period_start_date
    from dates

    union all

    select
        date_day,
        'year' as period_type,
        year_name as period,
        year_start_date as period_start_date
    from dates

),

days as (

    select
        listener,
        listening_date,
        count(*) as play_count,
        sum(case when is_counted then 1 else 0 end) as stream_count,
        sum(case when is_counted then listened_ms else 0 end) as listened_ms,
        sum(case when is_skipped then 1 else 0 end) as skipped_count,
        sum(case when is_shuffle then 1 else 0 end) as shuffle_count,
        count(is_shuffle) as known_shuffle_count,
        sum(case when is_offline then 1 else 0 end) as offline_count,
        count(is_offline) as known_offline_count,
        sum(case when is_incognito then 1 else 0 end) as private_count,
        count(is_incognito) as known_private_count
    from plays
    group by listener, listening_date

),

listening as (

    select
        days.listener,
        periods.period_type,
        periods.period,
        min(periods.period_start_date) as period_start_date,
        sum(days.play_count) as play_count,
        sum(days.stream_count) as stream_count,
        sum(days.listened_ms) as listened_ms,
        sum(days.skipped_count) as skipped_count,
        sum(case when days.stream_count > 0 then 1 else 0 end) as streaming_day_count,
        cast(sum(days.shuffle_count) as {{ type_double() }}) / nullif(sum(days.known_shuffle_count), 0)
            as shuffle_share,
        cast(sum(days.offline_count) as {{ type_double() }}) / nullif(sum(days.known_offline_count), 0)
            as offline_share,
        cast(sum(days.private_count) as {{ type_double() }}) / nullif(sum(days.known_private_count), 0)
            as private_share
    from days
    inner join periods
        on days.listening_date = periods.date_day
    group by days.listener, periods.period_type, periods.period

),

distinct_items as (

    select
        plays.listener,
        'week' as period_type,
        dates.iso_week as period,
        count(distinct plays.track_key) as track_count,
        count(distinct plays.artist_key) as artist_count,
        count(distinct plays.album_key) as album_count
    from plays
    inner join dates
        on plays.listening_date = dates.date_day
    where plays.is_counted
    group by plays.listener, dates.iso_week

    union all

    select
        listener,
        period_type,
        period,
        sum(case when item_type = 'track' then 1 else 0 end) as track_count,
        sum(case when item_type = 'artist' then 1 else 0 end) as artist_count,
        sum(case when item_type = 'album' then 1 else 0 end) as album_count
    from item_streams
    group by listener, period_type, period

),

debuts as (

    select
        listener,
        'track' as item_type,
        min(listening_date) as debut_date
    from plays
    where is_counted and track_key is not null
    group by listener, track_key

    union all

    select
        listener,
        'artist' as item_type,
        min(listening_date) as debut_date
    from plays
    where is_counted and artist_key is not null
    group by listener, artist_key

),

new_items as (

    select
        debuts.listener,
        periods.period_type,
        periods.period,
        sum(case when debuts.item_type = 'track' then 1 else 0 end) as new_track_count,
        sum(case when debuts.item_type = 'artist' then 1 else 0 end) as new_artist_count
    from debuts
    inner join periods
        on debuts.debut_date = periods.date_day
    group by debuts.listener, periods.period_type, periods.period

),

compared as (

    select
        listening.*,
        coalesce(distinct_items.track_count, 0) as track_count,
        coalesce(distinct_items.artist_count, 0) as artist_count,
        coalesce(distinct_items.album_count, 0) as album_count,
        coalesce(new_items.new_track_count, 0) as new_track_count,
        coalesce(new_items.new_artist_count, 0) as new_artist_count,
        lag(listening.period) over (
            partition by listening.listener, listening.period_type order by listening.period
        ) as previous_period,
        lag(listening.stream_count) over (
            partition by listening.listener, listening.period_type order by listening.period
        ) as previous_stream_count,
        lag(listening.listened_ms) over (
            partition by listening.listener, listening.period_type order by listening.period
        ) as previous_listened_ms
    from listening
    left join distinct_items
        on
            listening.listener = distinct_items.listener
            and listening.period_type = distinct_items.period_type
            and listening.period = distinct_items.period
    left join new_items
        on
            listening.listener = new_items.listener
            and listening.period_type = new_items.period_type
            and listening.period = new_items.period

),

final as (

    select
        listener,
        period_type,
        period,
        previous_period,
        cast(play_count as {{ dbt.type_bigint() }}) as play_count,
        cast(stream_count as {{ dbt.type_bigint() }}) as stream_count,
        cast(skipped_count as {{ dbt.type_bigint() }}) as skipped_count,
        cast(track_count as {{ dbt.type_bigint() }}) as track_count,
        cast(artist_count as {{ dbt.type_bigint() }}) as artist_count,
        cast(album_count as {{ dbt.type_bigint() }}) as album_count,
        cast(new_track_count as {{ dbt.type_bigint() }}) as new_track_count,
        cast(new_artist_count as {{ dbt.type_bigint() }}) as new_artist_count,
        cast(streaming_day_count as {{ dbt.type_bigint() }}) as streaming_day_count,
        cast(previous_stream_count as {{ dbt.type_bigint() }}) as previous_stream_count,
        {{ hours('listened_ms') }} as listening_hours,
        {{ hours('previous_listened_ms') }} as previous_listening_hours,
        cast(new_artist_count as {{ type_double() }}) / nullif(artist_count, 0) as new_artist_share,
        shuffle_share,
        offline_share,
        private_share,
        period_start_date
    from compared

)

select * from final
