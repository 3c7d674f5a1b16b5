with

playlists as (

    -- Spotify lists nothing in the place of some playlists
    select * from {{ ref('stg_spotify_api__playlists') }}
    where playlist_id is not null

),

users as (

    select * from {{ ref('stg_spotify_api__users') }}

),

listener_accounts as (

    select distinct
        listener,
        user_id
    from users

),

ordered_playlists as (

    select
        *,
        row_number() over (
            partition by listener, playlist_id order by observed_at desc, position
        ) as observation_number
    from playlists

),

latest_playlists as (

    select
        playlists.listener,
        playlists.playlist_id,
        playlists.owner_id,
        playlists.snapshot_id,
        playlists.playlist_uri,
        playlists.playlist_name,
        playlists.description,
        playlists.owner_name,
        playlists.item_count,
        playlists.is_public,
        playlists.is_collaborative,
        listener_accounts.user_id is not null as is_own
    from ordered_playlists as playlists
    left join listener_accounts
        on
            playlists.listener = listener_accounts.listener
            and playlists.owner_id = listener_accounts.user_id
    where playlists.observation_number = 1

)

select * from latest_playlists
