with

source as (

    select * from {{ source('spotify_api', 'playlists') }}

),

renamed as (

    select
        listener,
        id as playlist_id,
        owner__id as owner_id,
        snapshot_id,
        uri as playlist_uri,
        name as playlist_name,
        description,
        owner__display_name as owner_name,
        position,
        items__total as item_count,
        source.public as is_public,
        collaborative as is_collaborative,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
