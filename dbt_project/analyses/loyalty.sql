-- Which artists does a listener come back to: in what share of the months since the first one?
with

months as (

    select
        listener,
        period,
        period_start_date,
        max(period_start_date) over (partition by listener) as last_start_date
    from {{ ref('agg_period_listening') }}
    where period_type = 'month'

)

select
    items.listener,
    items.item_name as artist_name,
    count(*) as month_count,
    cast(count(*) as {{ type_double() }})
    / ({{ dbt.datediff('min(months.period_start_date)', 'max(months.last_start_date)', 'month') }} + 1) as month_share
from {{ ref('agg_period_items') }} as items
inner join months
    on
        items.listener = months.listener
        and items.period = months.period
where items.item_type = 'artist' and items.period_type = 'month'
group by items.listener, items.item_key, items.item_name
having count(*) >= 3
order by items.listener, month_share desc, month_count desc
