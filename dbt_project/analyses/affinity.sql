-- How alike are two listeners? The part of their streams that went to the same artists: 1 if each
-- artist has the same share of both, 0 if they have none in common.
select
    ours.listener,
    theirs.listener as other_listener,
    count(*) as artist_count,
    sum(case when ours.stream_share < theirs.stream_share then ours.stream_share else theirs.stream_share end)
        as affinity_share
from {{ ref('agg_period_items') }} as ours
inner join {{ ref('agg_period_items') }} as theirs
    on
        ours.item_key = theirs.item_key
        and ours.listener < theirs.listener
where
    ours.period_type = 'all_time' and ours.item_type = 'artist'
    and theirs.period_type = 'all_time' and theirs.item_type = 'artist'
group by ours.listener, theirs.listener
