-- What takes the most room on the last day that noted it, and what was billed most in its month?
with

last_day as (

    select max(cost_date) as cost_date
    from marts.mon_warehouse_costs
    where cost_type = 'storage'

),

counted as (

    select
        costs.cost_type,
        costs.schema_name,
        costs.item_name,
        cast(sum(costs.byte_count) as bigint) as byte_count,
        cast(sum(costs.added_byte_count) as bigint) as added_byte_count,
        cast(sum(costs.query_count) as bigint) as query_count
    from marts.mon_warehouse_costs as costs
    cross join last_day
    where
        costs.cost_date = last_day.cost_date
        or (
            costs.cost_type = 'queries'
            and extract(year from costs.cost_date) = extract(year from last_day.cost_date)
            and extract(month from costs.cost_date) = extract(month from last_day.cost_date)
        )
    group by costs.cost_type, costs.schema_name, costs.item_name

),

ranked as (

    select
        *,
        row_number() over (
            partition by cost_type order by byte_count desc, schema_name, item_name
        ) as place
    from counted

)

select
    cost_type,
    schema_name,
    item_name,
    byte_count,
    added_byte_count,
    query_count
from ranked
where place <= 10
order by cost_type desc, place
