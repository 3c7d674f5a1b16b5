with

source as (

    select * from {{ source('spotify_export', 'search_query_interactions') }}

),

renamed as (

    select
        listener,
        file_sha256,
        uri,
        file_row,
        interaction_row,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
