with

playlists as (

    select * from {{ ref('int_playlists') }}

),

memberships as (

    select * from {{ ref('int_list_memberships') }}
    where list_name = 'playlists'

),

stays as (

    select
        listener,
        item_id as playlist_id,
        min(first_observed_at) as first_observed_at,
        max(last_observed_at) as last_observed_at,
        max(gone_at) as gone_at,
        max(case when gone_at is null then 1 else 0 end) = 1 as is_listed
    from memberships
    group by listener, item_id

),

final as (

    select
        {{ hash_key(['playlists.listener', 'playlists.playlist_id']) }} as playlist_key,
        playlists.listener,
        playlists.playlist_id,
        playlists.owner_id,
        playlists.playlist_uri,
        playlists.playlist_name,
        playlists.owner_name,
        playlists.description,
        playlists.item_count,
        playlists.is_own,
        playlists.is_public,
        playlists.is_collaborative,
        coalesce(stays.is_listed, true) as is_listed,
        stays.first_observed_at,
        stays.last_observed_at,
        case when not stays.is_listed then stays.gone_at end as removed_at
    from playlists
    left join stays
        on
            playlists.listener = stays.listener
            and playlists.playlist_id = stays.playlist_id

)

select * from final
