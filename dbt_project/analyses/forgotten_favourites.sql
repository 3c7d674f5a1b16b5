-- Which music did a listener love, ten streams and more, and has not heard for half a year?
-- By recording: who hears a track from another album now has not forgotten it.
with favourites as (

    select
        heard.listener,
        tracks.recording_key,
        sum(heard.stream_count) as stream_count,
        max(heard.last_played_at) as last_played_at
    from {{ ref('agg_listener_tracks') }} as heard
    inner join {{ ref('dim_tracks') }} as tracks
        on heard.track_key = tracks.track_key
    group by heard.listener, tracks.recording_key
    having sum(heard.stream_count) >= 10

)

select
    favourites.listener,
    recordings.track_name,
    recordings.artist_name,
    favourites.stream_count,
    favourites.last_played_at
from favourites
inner join {{ ref('dim_recordings') }} as recordings
    on favourites.recording_key = recordings.recording_key
inner join {{ ref('dim_listeners') }} as listeners
    on favourites.listener = listeners.listener
where favourites.last_played_at < {{ dbt.dateadd('day', -180, 'listeners.last_played_at') }}
order by favourites.listener, favourites.stream_count desc, favourites.recording_key
