-- What is an artist, track or album called, and how much was it ever played?
with heard as (

    select
        sum(play_count) as play_count,
        sum(stream_count) as stream_count,
        sum(listening_hours) as listening_hours,
        count(distinct track_key) as track_count,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from marts.agg_listener_tracks
    where
        listener = :listener
        and case :item_type
            when 'artist' then artist_key
            when 'track' then track_key
            when 'album' then album_key
        end = :item_key
    having count(*) > 0

)

select
    coalesce(tracks.track_name, albums.album_name, artists.artist_name) as item_name,
    coalesce(tracks.artist_key, albums.artist_key) as artist_key,
    coalesce(tracks.artist_name, albums.artist_name) as artist_name,
    coalesce(tracks.image_url, albums.image_url, artists.image_url) as image_url,
    coalesce(tracks.release_year, albums.release_year) as release_year,
    heard.play_count,
    heard.stream_count,
    heard.listening_hours,
    heard.track_count,
    heard.first_played_at,
    heard.last_played_at
from heard
left join marts.dim_tracks as tracks
    on :item_type = 'track' and tracks.track_key = :item_key
left join marts.dim_albums as albums
    on :item_type = 'album' and albums.album_key = :item_key
left join marts.dim_artists as artists
    on :item_type = 'artist' and artists.artist_key = :item_key
