with

source as (

    select * from {{ source('spotify_export', 'library_items') }}

),

renamed as (

    select
        listener,
        file_sha256,
        section,
        uri,
        artist as artist_name,
        album as album_name,
        track as track_name,
        name as item_name,
        source.show as show_name,
        publisher as publisher_name,
        file_row,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
