-- Which sessions were the longest?
select
    listening_date,
    ended_at_local,
    session_seconds / 3600.0 as session_hours,
    listening_hours,
    play_count,
    stream_count
from marts.fct_sessions
where
    listener = :listener
    and stream_count > 0
    and listening_date >= :from_date
    and listening_date < :until_date
order by session_seconds desc, started_at
limit 10
