with

source as (

    select * from {{ source('spotify_api', 'list_observations') }}

),

renamed as (

    select
        listener,
        list_id,
        snapshot_id,
        list_name,
        total as total_count,
        is_whole,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
