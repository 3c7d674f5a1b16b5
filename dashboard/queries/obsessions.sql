-- Which tracks were streamed ten times in one week, or five times on one of its days?
-- No aggregate knows on how many days a track was streamed: so it reads plays.
with days as (

    select
        listening_date,
        track_key,
        count(*) as stream_count
    from marts.fct_plays
    where
        listener = :listener
        and is_counted
        and track_key is not null
        and listening_date >= :from_date
        and listening_date < :until_date
    group by listening_date, track_key

),

weeks as (

    select
        dates.week_start_date,
        days.track_key,
        sum(days.stream_count) as stream_count,
        count(*) as day_count
    from days
    inner join marts.dim_dates as dates
        on days.listening_date = dates.date_day
    group by dates.week_start_date, days.track_key
    having sum(days.stream_count) >= 10 or max(days.stream_count) >= 5

)

select
    weeks.week_start_date,
    tracks.track_name,
    tracks.artist_name,
    weeks.stream_count,
    weeks.day_count
from weeks
inner join marts.dim_tracks as tracks
    on weeks.track_key = tracks.track_key
order by weeks.stream_count desc, weeks.week_start_date desc, weeks.track_key
limit :row_count
