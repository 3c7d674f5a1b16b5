-- Which artists, tracks or albums were streamed most in a period?
-- By the rule of agg_period_items, more streams, then hours, then key, but in one period alone: to
-- read that itself would rank every item of every period.
with items as (

    select
        item_key,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms
    from marts.agg_period_item_streams
    where
        listener = :listener
        and item_type = :item_type
        and period_type = case :period_type when 'month' then 'month' else 'year' end
        and (period = :period or :period = 'all_time')
    group by item_key
    order by stream_count desc, listened_ms desc, item_key
    limit :row_count

)

select
    items.item_key,
    coalesce(tracks.track_name, albums.album_name, artists.artist_name) as item_name,
    coalesce(tracks.artist_name, albums.artist_name, artists.artist_name) as artist_name,
    items.stream_count
from items
left join marts.dim_tracks as tracks
    on :item_type = 'track' and items.item_key = tracks.track_key
left join marts.dim_albums as albums
    on :item_type = 'album' and items.item_key = albums.album_key
left join marts.dim_artists as artists
    on :item_type = 'artist' and items.item_key = artists.artist_key
order by items.stream_count desc, items.listened_ms desc, items.item_key
