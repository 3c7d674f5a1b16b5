-- What stands in a listener's playlists and was not streamed, from anywhere, since it was added?
select
    memberships.listener,
    playlists.playlist_name,
    memberships.item_name,
    memberships.valid_from_at as added_at
from {{ ref('fct_playlist_memberships') }} as memberships
inner join {{ ref('dim_playlists') }} as playlists
    on memberships.playlist_key = playlists.playlist_key
where
    memberships.is_current
    and memberships.track_key is not null
    and not exists (
        select 1 from {{ ref('fct_plays') }} as plays
        where
            plays.listener = memberships.listener
            and plays.track_key = memberships.track_key
            and plays.is_counted
            and plays.ended_at >= memberships.valid_from_at
    )
order by memberships.listener, playlists.playlist_name, memberships.item_position
