with

source as (

    select * from {{ source('spotify_export', 'playlist_items') }}

),

renamed as (

    select
        listener,
        file_sha256,
        {{ spotify_id('track_uri') }} as track_id,
        {{ spotify_id('episode_uri') }} as episode_id,
        item_type,
        track_name,
        artist_name,
        album_name,
        episode_name,
        show_name,
        local_track_uri,
        playlist_row,
        item_row,
        added_date,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
