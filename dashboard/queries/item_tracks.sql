-- Which tracks of an artist or album were ever streamed, and of a track, on which albums?
select
    max(track_key) as track_key,
    max(track_name) as track_name,
    max(album_name) as album_name,
    sum(stream_count) as stream_count,
    sum(listening_hours) as listening_hours,
    min(first_played_at) as first_played_at,
    max(last_played_at) as last_played_at
from marts.agg_listener_tracks as tracks
where
    listener = :listener
    and case :item_type
        when 'artist' then artist_key
        when 'track' then track_key
        when 'album' then album_key
    end = :item_key
group by case when :item_type = 'track' then album_key else track_key end
having sum(tracks.stream_count) > 0
order by stream_count desc, listening_hours desc, track_name
limit :row_count
