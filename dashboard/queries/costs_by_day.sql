-- How much lay in the warehouse on each day that noted it, and what were its queries billed for?
select
    cost_date as start_date,
    cast(sum(case when cost_type = 'storage' then byte_count end) as bigint) as stored_bytes,
    cast(sum(case when cost_type = 'queries' then byte_count end) as bigint) as billed_bytes
from marts.mon_warehouse_costs
group by cost_date
order by start_date
