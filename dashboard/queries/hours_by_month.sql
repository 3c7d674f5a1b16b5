-- How many hours were heard in each month?
select
    period_start_date as start_date,
    listening_hours,
    stream_count
from marts.agg_period_listening
where
    listener = :listener
    and period_type = 'month'
    and period_start_date >= :from_date
    and period_start_date < :until_date
order by period_start_date
