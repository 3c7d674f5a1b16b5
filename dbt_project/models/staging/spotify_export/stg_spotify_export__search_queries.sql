with

source as (

    select * from {{ source('spotify_export', 'search_queries') }}

),

renamed as (

    select
        listener,
        file_sha256,
        platform,
        search_query,
        file_row,
        {{ utc_timestamp('search_time') }} as searched_at,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
