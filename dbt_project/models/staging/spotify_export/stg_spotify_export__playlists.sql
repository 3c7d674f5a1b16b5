with

source as (

    select * from {{ source('spotify_export', 'playlists') }}

),

renamed as (

    select
        listener,
        file_sha256,
        name as playlist_name,
        description as playlist_description,
        playlist_row,
        number_of_followers as follower_count,
        last_modified_date,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
