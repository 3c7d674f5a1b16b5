with

source as (

    select * from {{ source('spotify_api', 'playlist_tracks') }}

),

renamed as (

    select
        listener,
        playlist_id,
        snapshot_id,
        item__id as item_id,
        added_by__id as added_by_id,
        item__uri as item_uri,
        item__type as item_type,
        item__name as item_name,
        position,
        is_local,
        {{ utc_timestamp('added_at') }} as added_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
