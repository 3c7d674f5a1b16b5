-- Which music was streamed ten times and more, and not played in the last half year?
-- By recording: who hears a track from another album now has not forgotten it.
with favourites as (

    select
        tracks.recording_key,
        sum(heard.stream_count) as stream_count,
        sum(heard.listening_hours) as listening_hours,
        max(heard.last_played_at) as last_played_at
    from marts.agg_listener_tracks as heard
    inner join marts.dim_tracks as tracks
        on heard.track_key = tracks.track_key
    where heard.listener = :listener
    group by tracks.recording_key
    having sum(heard.stream_count) >= 10

)

select
    recordings.track_name,
    recordings.artist_name,
    favourites.stream_count,
    favourites.listening_hours,
    favourites.last_played_at
from favourites
inner join marts.dim_recordings as recordings
    on favourites.recording_key = recordings.recording_key
inner join marts.dim_listeners as listeners
    on listeners.listener = :listener
where favourites.last_played_at < listeners.last_played_at - interval '180 days'
order by favourites.stream_count desc, favourites.last_played_at, favourites.recording_key
limit :row_count
