with

source as (

    select * from {{ source('operations', 'warehouse_costs') }}

),

renamed as (

    select
        cost_type,
        schema_name,
        name as item_name,
        byte_count,
        query_count,
        cost_date,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
