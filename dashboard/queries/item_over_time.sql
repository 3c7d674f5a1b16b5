-- How much was an artist, track or album heard in each month or year, and in which place was it?
-- By the rule of agg_period_items, more streams, then hours, then key, but for one item: to read
-- that itself would rank every item of every period.
with items as (

    select
        streams.period,
        streams.item_key,
        streams.stream_count,
        streams.listened_ms,
        listening.period_start_date as start_date
    from marts.agg_period_item_streams as streams
    inner join marts.agg_period_listening as listening
        on
            streams.listener = listening.listener
            and streams.period_type = listening.period_type
            and streams.period = listening.period
    where
        streams.listener = :listener
        and streams.item_type = :item_type
        and streams.period_type = :unit
        and listening.period_start_date >= :from_date
        and listening.period_start_date < :until_date

)

select
    item.start_date,
    item.stream_count,
    item.listened_ms / 3600000.0 as listening_hours,
    count(ahead.item_key) + 1 as item_rank
from items as item
left join items as ahead
    on
        item.period = ahead.period
        and (
            ahead.stream_count > item.stream_count
            or (ahead.stream_count = item.stream_count and ahead.listened_ms > item.listened_ms)
            or (
                ahead.stream_count = item.stream_count
                and ahead.listened_ms = item.listened_ms
                and ahead.item_key < item.item_key
            )
        )
where item.item_key = :item_key
group by item.start_date, item.stream_count, item.listened_ms
order by item.start_date
