-- Which playlists does a listener play, and how much of them? The Web API alone says from where.
select
    plays.listener,
    playlists.playlist_name,
    count(*) as stream_count,
    count(distinct plays.track_key) as track_count,
    max(plays.ended_at) as last_played_at
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_playlists') }} as playlists
    on
        plays.listener = playlists.listener
        and plays.context_uri = playlists.playlist_uri
where plays.is_counted
group by plays.listener, playlists.playlist_key, playlists.playlist_name
order by plays.listener, stream_count desc
