-- the same plays, streams and hours, however they are cut into periods: by the day, the week, the
-- month and the year, by device and country
with

sums as (

    select
        listener,
        period_type,
        sum(play_count) as play_count,
        sum(stream_count) as stream_count,
        sum(listening_hours) as listening_hours
    from {{ ref('agg_period_listening') }}
    group by listener, period_type

    union all

    select
        listener,
        'habits' as period_type,
        sum(play_count) as play_count,
        sum(stream_count) as stream_count,
        sum(listening_hours) as listening_hours
    from {{ ref('agg_monthly_habits') }}
    group by listener

),

days as (

    select
        listener,
        sum(play_count) as play_count,
        sum(stream_count) as stream_count,
        sum(listening_hours) as listening_hours
    from {{ ref('agg_daily_listening') }}
    group by listener

)

select
    days.listener,
    sums.period_type,
    days.play_count,
    sums.play_count as period_play_count,
    days.stream_count,
    sums.stream_count as period_stream_count,
    days.listening_hours,
    sums.listening_hours as period_listening_hours
from days
left join sums
    on days.listener = sums.listener
where
    sums.play_count is null
    or sums.play_count != days.play_count
    or sums.stream_count != days.stream_count
    -- hours are sums of fractions, in whatever order: a third of a second in a life
    or abs(sums.listening_hours - days.listening_hours) > 0.0001
