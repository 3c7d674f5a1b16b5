-- What was streamed most in a period, how did it move, and what does it look like?
with chart as (

    select
        item_key,
        item_type,
        item_rank,
        rank_change,
        item_name,
        artist_name,
        stream_count,
        listening_hours,
        stream_share,
        is_new,
        count(*) over () as match_count
    from marts.agg_period_items
    where
        listener = :listener
        and period = :period
        and period_type = :period_type
        and item_type = :item_type
        and position(lower(:words) in lower(concat(item_name, ' ', artist_name))) > 0
    order by item_rank
    limit :row_count

)

select
    chart.item_key,
    chart.item_rank,
    chart.rank_change,
    coalesce(
        tracks.image_url, recording_tracks.image_url, artists.image_url, albums.image_url
    ) as image_url,
    chart.item_name,
    chart.artist_name,
    chart.stream_count,
    chart.listening_hours,
    chart.stream_share,
    chart.is_new,
    chart.match_count
from chart
left join marts.dim_tracks as tracks
    on chart.item_type = 'track' and chart.item_key = tracks.track_key
left join marts.dim_recordings as recordings
    on chart.item_type = 'recording' and chart.item_key = recordings.recording_key
left join marts.dim_tracks as recording_tracks
    on recordings.track_key = recording_tracks.track_key
left join marts.dim_artists as artists
    on chart.item_type = 'artist' and chart.item_key = artists.artist_key
left join marts.dim_albums as albums
    on chart.item_type = 'album' and chart.item_key = albums.album_key
order by chart.item_rank
