with

source as (

    select * from {{ source('spotify_api', 'catalogue_misses') }}

),

renamed as (

    select
        id as missed_id,
        kind,
        reason,
        status,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
