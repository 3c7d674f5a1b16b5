-- How did the parts of a listener's genres change from year to year?
select
    listener,
    period as year,
    item_name as genre,
    stream_share,
    item_rank,
    rank_change
from {{ ref('agg_period_items') }}
where item_type = 'genre' and period_type = 'year' and item_rank <= 10
order by listener, period, item_rank
