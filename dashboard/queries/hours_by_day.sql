-- How many hours were heard on each day?
select
    listening_date as start_date,
    listening_hours,
    stream_count
from marts.agg_daily_listening
where
    listener = :listener
    and listening_date >= :from_date
    and listening_date < :until_date
order by listening_date
