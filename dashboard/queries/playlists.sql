-- Which playlists does a listener have, how full are they, and how much was played from them?
-- From where a play was started no aggregate tells: so it reads plays.
with items as (

    select
        playlist_key,
        count(case when is_current then 1 end) as item_count,
        count(case when not is_current then 1 end) as removed_count,
        max(valid_from_at) as last_added_at
    from marts.fct_playlist_memberships
    where listener = :listener
    group by playlist_key

),

streams as (

    select
        context_uri,
        count(*) as stream_count,
        max(listening_date) as last_date
    from marts.fct_plays
    where
        listener = :listener
        and is_counted
        and context_type = 'playlist'
    group by context_uri

)

select
    playlists.playlist_key,
    coalesce(playlists.playlist_name, playlists.playlist_id) as playlist_name,
    playlists.owner_name,
    playlists.is_own,
    playlists.removed_at,
    coalesce(items.item_count, 0) as item_count,
    coalesce(items.removed_count, 0) as removed_count,
    items.last_added_at,
    coalesce(streams.stream_count, 0) as stream_count,
    streams.last_date
from marts.dim_playlists as playlists
left join items
    on playlists.playlist_key = items.playlist_key
left join streams
    on playlists.playlist_uri = streams.context_uri
where playlists.listener = :listener
order by stream_count desc, item_count desc, playlist_name, playlists.playlist_key
