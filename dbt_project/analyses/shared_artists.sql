-- Which artists do two listeners share, and who streams them more?
select
    ours.listener,
    theirs.listener as other_listener,
    ours.artist_name,
    ours.stream_count,
    theirs.stream_count as other_stream_count,
    ours.item_rank,
    theirs.item_rank as other_item_rank
from {{ ref('agg_period_items') }} as ours
inner join {{ ref('agg_period_items') }} as theirs
    on
        ours.item_key = theirs.item_key
        and ours.listener < theirs.listener
where
    ours.period_type = 'all_time' and ours.item_type = 'artist'
    and theirs.period_type = 'all_time' and theirs.item_type = 'artist'
order by ours.item_rank + theirs.item_rank
