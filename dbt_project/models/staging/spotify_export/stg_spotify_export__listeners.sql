with

source as (

    select * from {{ source('spotify_export', 'listeners') }}

),

renamed as (

    select
        listener,
        time_zone,
        time_zone_source,
        {{ utc_timestamp('updated_at') }} as updated_at
    from source

)

select * from renamed
