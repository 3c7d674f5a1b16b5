-- Which artists, tracks and albums have these words in their names, those streamed most first?
with items as (

    select
        'artist' as item_type,
        artist_key as item_key,
        max(artist_name) as item_name,
        max(artist_name) as artist_name,
        sum(stream_count) as stream_count
    from marts.agg_listener_tracks
    where
        listener = :listener
        and position(lower(:words) in lower(artist_name)) > 0
    group by artist_key

    union all

    select
        'track' as item_type,
        track_key as item_key,
        max(track_name) as item_name,
        max(artist_name) as artist_name,
        sum(stream_count) as stream_count
    from marts.agg_listener_tracks
    where
        listener = :listener
        and position(lower(:words) in lower(concat(track_name, ' ', artist_name))) > 0
    group by track_key

    union all

    select
        'album' as item_type,
        album_key as item_key,
        max(album_name) as item_name,
        max(artist_name) as artist_name,
        sum(stream_count) as stream_count
    from marts.agg_listener_tracks
    where
        listener = :listener
        and album_key is not null
        and position(lower(:words) in lower(concat(album_name, ' ', artist_name))) > 0
    group by album_key

)

select
    item_type,
    item_key,
    item_name,
    artist_name,
    stream_count
from items
order by stream_count desc, item_name, item_type, item_key
limit :row_count
