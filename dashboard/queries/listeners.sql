-- Whose listening is in the warehouse, on which clock, from when to when?
with days as (

    select
        listener,
        min(listening_date) as first_date,
        max(listening_date) as last_date
    from marts.agg_daily_listening
    group by listener

)

select
    listeners.listener,
    listeners.time_zone,
    listeners.play_count,
    listeners.stream_count,
    days.first_date,
    days.last_date
from marts.dim_listeners as listeners
left join days
    on listeners.listener = days.listener
order by listeners.play_count desc, listeners.listener
