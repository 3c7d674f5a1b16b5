with

source as (

    select * from {{ source('spotify_api', 'collection_gaps') }}

),

renamed as (

    select
        listener,
        polls as page_count,
        {{ utc_timestamp('gap_from') }} as gap_started_at,
        {{ utc_timestamp('gap_to') }} as gap_ended_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
