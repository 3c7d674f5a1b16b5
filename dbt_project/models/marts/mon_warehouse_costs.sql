with

costs as (

    select * from {{ ref('stg_operations__warehouse_costs') }}

),

with_the_day_before as (

    select
        *,
        -- what lies there grows; what was billed on a day is over with it
        case
            when cost_type = 'storage'
                then lag(byte_count) over (
                    partition by cost_type, schema_name, item_name order by cost_date
                )
        end as previous_byte_count
    from costs

),

final as (

    select
        {{ hash_key(['cost_date', 'cost_type', 'schema_name', 'item_name']) }} as cost_key,
        cost_type,
        schema_name,
        item_name,
        byte_count,
        byte_count - previous_byte_count as added_byte_count,
        query_count,
        cost_date,
        observed_at
    from with_the_day_before

)

select * from final
