-- Which tracks did a listener stream five times and more on one day, or ten times in one week?
select
    plays.listener,
    dates.week_start_date,
    plays.track_key,
    min(plays.track_name) as track_name,
    min(plays.artist_name) as artist_name,
    count(*) as stream_count,
    count(distinct plays.listening_date) as day_count
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_dates') }} as dates
    on plays.listening_date = dates.date_day
where plays.is_counted and plays.track_key is not null
group by plays.listener, dates.week_start_date, plays.track_key
having count(*) >= 10 or count(*) >= 5 * count(distinct plays.listening_date)
order by stream_count desc
