-- Which tracks did a listener love, ten streams and more, and has not heard for half a year?
select
    tracks.listener,
    tracks.track_name,
    tracks.artist_name,
    tracks.stream_count,
    tracks.last_played_at
from {{ ref('agg_listener_tracks') }} as tracks
inner join {{ ref('dim_listeners') }} as listeners
    on tracks.listener = listeners.listener
where
    tracks.stream_count >= 10
    and tracks.last_played_at < {{ dbt.dateadd('day', -180, 'listeners.last_played_at') }}
order by tracks.listener, tracks.stream_count desc
