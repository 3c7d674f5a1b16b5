with

source as (

    select * from {{ source('spotify_api', 'saved_albums') }}

),

renamed as (

    select
        listener,
        album__id as album_id,
        album__uri as album_uri,
        album__name as album_name,
        position,
        {{ utc_timestamp('added_at') }} as added_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
