-- How much was heard between two days?
select
    coalesce(sum(listened_ms), 0) / 3600000.0 as listening_hours,
    count(*) as stream_count,
    count(distinct artist_key) as artist_count,
    count(distinct track_key) as track_count
from marts.fct_plays
where
    listener = :listener
    and is_counted
    and listening_date >= :from_date
    and listening_date < :until_date
