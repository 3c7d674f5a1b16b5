-- What stands and stood in a playlist, when, and how often was it streamed meanwhile?
-- From anywhere, not from the playlist alone. No aggregate knows the days: so it reads plays.
select
    memberships.item_name,
    tracks.artist_name,
    memberships.valid_from_at,
    memberships.valid_until_at,
    memberships.is_current,
    memberships.track_key is not null as is_track,
    count(plays.play_key) as stream_count,
    max(plays.listening_date) as last_date
from marts.fct_playlist_memberships as memberships
left join marts.dim_tracks as tracks
    on memberships.track_key = tracks.track_key
left join marts.fct_plays as plays
    on
        memberships.listener = plays.listener
        and memberships.track_key = plays.track_key
        and plays.is_counted
        and memberships.valid_from_at <= plays.ended_at
        and (memberships.valid_until_at is null or memberships.valid_until_at > plays.ended_at)
where
    memberships.listener = :listener
    and memberships.playlist_key = :playlist_key
group by
    memberships.membership_key,
    memberships.item_name,
    tracks.artist_name,
    memberships.valid_from_at,
    memberships.valid_until_at,
    memberships.is_current,
    memberships.track_key,
    memberships.item_position
order by memberships.is_current desc, memberships.item_position, memberships.membership_key
