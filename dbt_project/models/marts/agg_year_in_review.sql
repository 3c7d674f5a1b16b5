with

years as (

    select
        *,
        cast(extract(year from period_start_date) as {{ dbt.type_int() }}) as year
    from {{ ref('agg_period_listening') }}
    where period_type = 'year' and stream_count > 0

),

top_items as (

    select * from {{ ref('agg_period_items') }}
    where period_type = 'year' and item_rank = 1

),

days as (

    select
        *,
        row_number() over (
            partition by listener, extract(year from listening_date) order by listening_hours desc, listening_date
        ) as place_in_year
    from {{ ref('agg_daily_listening') }}

),

sessions as (

    select
        *,
        row_number() over (
            partition by listener, extract(year from listening_date) order by session_seconds desc, session_key
        ) as place_in_year
    from {{ ref('fct_sessions') }}

),

streaks as (

    select * from {{ ref('fct_streaks') }}

),

listening_clock as (

    select * from {{ ref('agg_listening_clock') }}

),

wrapped_streams as (

    -- mid-November: the day is not published
    select * from {{ ref('fct_plays') }}
    where
        content_type in ('track', 'video')
        and listened_ms >= 30000
        and not coalesce(is_incognito, false)
        and coalesce(exclusion_reason, '') not in ('retry', 'covered_by_extended_history')
        and (month < 11 or (month = 11 and extract(day from listening_date) <= 15))

),

tops as (

    select
        listener,
        period,
        max(case when item_type = 'track' then item_key end) as top_track_key,
        max(case when item_type = 'track' then item_name end) as top_track_name,
        max(case when item_type = 'track' then artist_name end) as top_track_artist_name,
        max(case when item_type = 'track' then stream_count end) as top_track_stream_count,
        max(case when item_type = 'artist' then item_key end) as top_artist_key,
        max(case when item_type = 'artist' then item_name end) as top_artist_name,
        max(case when item_type = 'artist' then stream_count end) as top_artist_stream_count,
        max(case when item_type = 'artist' then listening_hours end) as top_artist_hours,
        max(case when item_type = 'artist' then stream_share end) as top_artist_share,
        max(case when item_type = 'album' then item_key end) as top_album_key,
        max(case when item_type = 'album' then item_name end) as top_album_name,
        max(case when item_type = 'album' then artist_name end) as top_album_artist_name,
        max(case when item_type = 'album' then stream_count end) as top_album_stream_count,
        max(case when item_type = 'genre' then item_name end) as top_genre_name,
        max(case when item_type = 'genre' then stream_share end) as top_genre_share,
        max(case when item_type = 'show' then item_name end) as top_show_name,
        max(case when item_type = 'show' then stream_count end) as top_show_stream_count,
        max(case when item_type = 'show' then listening_hours end) as top_show_hours
    from top_items
    group by listener, period

),

streaks_in_year as (

    -- of a streak over New Year, each year has its own days
    select
        years.listener,
        years.year,
        {{ dbt.datediff(
            'case when streaks.started_date < years.period_start_date'
            ~ ' then years.period_start_date else streaks.started_date end',
            'case when extract(year from streaks.ended_date) > years.year'
            ~ ' then ' ~ dbt.dateadd('day', -1, dbt.dateadd('year', 1, 'years.period_start_date'))
            ~ ' else streaks.ended_date end',
            'day',
        ) }} + 1 as day_count
    from years
    inner join streaks
        on
            years.listener = streaks.listener
            and years.year >= extract(year from streaks.started_date)
            and years.year <= extract(year from streaks.ended_date)

),

longest_streaks as (

    select
        listener,
        year,
        max(day_count) as day_count
    from streaks_in_year
    group by listener, year

),

hours_of_day as (

    select
        listener,
        year,
        hour,
        row_number() over (
            partition by listener, year order by sum(stream_count) desc, hour
        ) as place_in_year
    from listening_clock
    group by listener, year, hour

),

weekdays as (

    select
        listener,
        year,
        dow_name,
        row_number() over (
            partition by listener, year order by sum(stream_count) desc, dow
        ) as place_in_year
    from listening_clock
    group by listener, year, dow, dow_name

),

wrapped_artists as (

    select
        listener,
        year,
        artist_key,
        min(artist_name) as artist_name,
        count(*) as stream_count,
        sum(listened_ms) as listened_ms
    from wrapped_streams
    group by listener, year, artist_key

),

wrapped_charts as (

    -- plays that name no artist are listening too, but nobody's
    select
        *,
        row_number() over (
            partition by listener, year
            order by
                case when artist_key is null then 1 else 0 end,
                stream_count desc,
                listened_ms desc,
                artist_key
        ) as place_in_year
    from wrapped_artists

),

wrapped as (

    select
        listener,
        year,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms,
        max(case when place_in_year = 1 then artist_name end) as top_artist_name,
        max(case when place_in_year = 1 and artist_key is not null then stream_count end) as top_artist_stream_count
    from wrapped_charts
    group by listener, year

),

final as (

    select
        years.listener,
        tops.top_track_key,
        tops.top_artist_key,
        tops.top_album_key,
        tops.top_track_name,
        tops.top_track_artist_name,
        tops.top_artist_name,
        tops.top_album_name,
        tops.top_album_artist_name,
        tops.top_genre_name,
        tops.top_show_name,
        weekdays.dow_name as favourite_dow_name,
        wrapped.top_artist_name as wrapped_top_artist_name,
        years.year,
        hours_of_day.hour as favourite_hour,
        cast(floor(years.listening_hours * 60) as {{ dbt.type_bigint() }}) as minute_count,
        years.stream_count,
        years.track_count,
        years.artist_count,
        years.album_count,
        years.new_track_count,
        years.new_artist_count,
        years.streaming_day_count,
        tops.top_track_stream_count,
        tops.top_artist_stream_count,
        tops.top_album_stream_count,
        tops.top_show_stream_count,
        longest_streaks.day_count as longest_streak_day_count,
        sessions.stream_count as longest_session_stream_count,
        sessions.session_seconds as longest_session_seconds,
        cast(floor(coalesce(wrapped.listened_ms, 0) / 60000) as {{ dbt.type_bigint() }}) as wrapped_minute_count,
        cast(coalesce(wrapped.stream_count, 0) as {{ dbt.type_bigint() }}) as wrapped_stream_count,
        wrapped.top_artist_stream_count as wrapped_top_artist_stream_count,
        years.listening_hours,
        tops.top_artist_hours,
        tops.top_show_hours,
        days.listening_hours as peak_day_hours,
        tops.top_artist_share,
        tops.top_genre_share,
        days.listening_date as peak_date,
        sessions.started_at as longest_session_started_at
    from years
    left join tops
        on
            years.listener = tops.listener
            and years.period = tops.period
    left join days
        on
            years.listener = days.listener
            and years.year = extract(year from days.listening_date)
            and days.place_in_year = 1
    left join sessions
        on
            years.listener = sessions.listener
            and years.year = extract(year from sessions.listening_date)
            and sessions.place_in_year = 1
    left join longest_streaks
        on
            years.listener = longest_streaks.listener
            and years.year = longest_streaks.year
    left join hours_of_day
        on
            years.listener = hours_of_day.listener
            and years.year = hours_of_day.year
            and hours_of_day.place_in_year = 1
    left join weekdays
        on
            years.listener = weekdays.listener
            and years.year = weekdays.year
            and weekdays.place_in_year = 1
    left join wrapped
        on
            years.listener = wrapped.listener
            and years.year = wrapped.year

)

select * from final
