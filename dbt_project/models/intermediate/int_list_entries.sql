with

top_tracks as (

    select * from {{ ref('stg_spotify_api__top_tracks') }}

),

top_artists as (

    select * from {{ ref('stg_spotify_api__top_artists') }}

),

playlists as (

    select * from {{ ref('stg_spotify_api__playlists') }}

),

playlist_tracks as (

    select * from {{ ref('stg_spotify_api__playlist_tracks') }}

),

saved_tracks as (

    select * from {{ ref('stg_spotify_api__saved_tracks') }}

),

saved_albums as (

    select * from {{ ref('stg_spotify_api__saved_albums') }}

),

saved_shows as (

    select * from {{ ref('stg_spotify_api__saved_shows') }}

),

saved_episodes as (

    select * from {{ ref('stg_spotify_api__saved_episodes') }}

),

followed_artists as (

    select * from {{ ref('stg_spotify_api__followed_artists') }}

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

list_entries as (

    select
        listener,
        'top_tracks' as list_name,
        time_range as list_id,
        track_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        track_uri as item_uri,
        'track' as item_type,
        track_name as item_name,
        item_rank as position,
        cast(null as {{ dbt.type_timestamp() }}) as added_at,
        observed_at
    from top_tracks

    union all

    select
        listener,
        'top_artists' as list_name,
        time_range as list_id,
        artist_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        artist_uri as item_uri,
        'artist' as item_type,
        artist_name as item_name,
        item_rank as position,
        cast(null as {{ dbt.type_timestamp() }}) as added_at,
        observed_at
    from top_artists

    union all

    select
        listener,
        'playlists' as list_name,
        '' as list_id,
        playlist_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        playlist_uri as item_uri,
        'playlist' as item_type,
        playlist_name as item_name,
        position,
        cast(null as {{ dbt.type_timestamp() }}) as added_at,
        observed_at
    from playlists

    union all

    select
        listener,
        'playlist_tracks' as list_name,
        playlist_id as list_id,
        item_id,
        added_by_id,
        item_uri,
        case when is_local then 'local' else item_type end as item_type,
        item_name,
        position,
        added_at,
        observed_at
    from playlist_tracks

    union all

    select
        listener,
        'saved_tracks' as list_name,
        '' as list_id,
        track_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        track_uri as item_uri,
        'track' as item_type,
        track_name as item_name,
        position,
        added_at,
        observed_at
    from saved_tracks

    union all

    select
        listener,
        'saved_albums' as list_name,
        '' as list_id,
        album_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        album_uri as item_uri,
        'album' as item_type,
        album_name as item_name,
        position,
        added_at,
        observed_at
    from saved_albums

    union all

    select
        listener,
        'saved_shows' as list_name,
        '' as list_id,
        show_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        show_uri as item_uri,
        'show' as item_type,
        show_name as item_name,
        position,
        added_at,
        observed_at
    from saved_shows

    union all

    select
        listener,
        'saved_episodes' as list_name,
        '' as list_id,
        episode_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        episode_uri as item_uri,
        'episode' as item_type,
        episode_name as item_name,
        position,
        added_at,
        observed_at
    from saved_episodes

    union all

    select
        listener,
        'followed_artists' as list_name,
        '' as list_id,
        artist_id as item_id,
        cast(null as {{ dbt.type_string() }}) as added_by_id,
        artist_uri as item_uri,
        'artist' as item_type,
        artist_name as item_name,
        position,
        cast(null as {{ dbt.type_timestamp() }}) as added_at,
        observed_at
    from followed_artists

),

named_entries as (

    select
        list_entries.listener,
        list_entries.list_name,
        list_entries.list_id,
        list_entries.item_id,
        list_entries.added_by_id,
        list_entries.item_uri,
        list_entries.item_type,
        case
            when list_entries.item_type = 'artist'
                then coalesce(artist_names.current_name, list_entries.item_name)
            else list_entries.item_name
        end as item_name,
        list_entries.position,
        list_entries.added_at,
        list_entries.observed_at
    from list_entries
    left join artist_names
        on list_entries.item_name = artist_names.artist_name

)

select * from named_entries
