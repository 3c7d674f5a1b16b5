-- How much was an artist, track or album heard in each month or year, and in which place was it?
select
    listening.period_start_date as start_date,
    items.stream_count,
    items.listening_hours,
    items.item_rank
from marts.agg_period_items as items
inner join marts.agg_period_listening as listening
    on
        items.listener = listening.listener
        and items.period_type = listening.period_type
        and items.period = listening.period
where
    items.listener = :listener
    and items.item_type = :item_type
    and items.item_key = :item_key
    and items.period_type = :unit
    and listening.period_start_date >= :from_date
    and listening.period_start_date < :until_date
order by listening.period_start_date
