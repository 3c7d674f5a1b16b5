-- On which weekday, at which hour of the listener's clock, was how much heard?
select
    dow,
    hour,
    count(*) as stream_count,
    sum(listened_ms) / 3600000.0 as listening_hours
from marts.fct_plays
where
    listener = :listener
    and is_counted
    and listening_date >= :from_date
    and listening_date < :until_date
group by dow, hour
order by dow, hour
