-- Which runs of days with a stream touch the time between two days, longest first?
select
    day_count,
    started_date,
    ended_date,
    stream_count,
    listening_hours
from marts.fct_streaks
where
    listener = :listener
    and ended_date >= :from_date
    and started_date < :until_date
order by streak_rank
