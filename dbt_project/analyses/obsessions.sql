-- Which tracks did a listener stream five times and more on one day, or ten times in one week?
with days as (

    select
        listener,
        listening_date,
        track_key,
        min(track_name) as track_name,
        min(artist_name) as artist_name,
        count(*) as stream_count
    from {{ ref('fct_plays') }}
    where is_counted and track_key is not null
    group by listener, listening_date, track_key

)

select
    days.listener,
    dates.week_start_date,
    days.track_key,
    min(days.track_name) as track_name,
    min(days.artist_name) as artist_name,
    sum(days.stream_count) as stream_count,
    count(*) as day_count
from days
inner join {{ ref('dim_dates') }} as dates
    on days.listening_date = dates.date_day
group by days.listener, dates.week_start_date, days.track_key
having sum(days.stream_count) >= 10 or max(days.stream_count) >= 5
order by stream_count desc
