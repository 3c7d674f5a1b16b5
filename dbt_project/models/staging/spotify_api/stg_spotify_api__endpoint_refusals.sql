with

source as (

    select * from {{ source('spotify_api', 'endpoint_refusals') }}

),

renamed as (

    select
        listener,
        endpoint,
        scope,
        status,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
