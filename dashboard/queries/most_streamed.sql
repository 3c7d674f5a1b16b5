-- Which artists, tracks or albums were streamed most in a period?
select
    item_key,
    item_name,
    artist_name,
    stream_count
from marts.agg_period_items
where
    listener = :listener
    and period = :period
    and period_type = :period_type
    and item_type = :item_type
order by item_rank
limit :row_count
