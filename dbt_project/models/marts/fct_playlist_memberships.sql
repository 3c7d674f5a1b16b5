with

entries as (

    select * from {{ ref('int_list_memberships') }}
    where list_name = 'playlist_tracks'

),

playlist_stays as (

    select * from {{ ref('int_list_memberships') }}
    where list_name = 'playlists'

),

listed_entries as (

    -- a playlist that leaves the listener's takes its entries along, and brings them back
    select
        entries.*,
        coalesce(playlist_stays.stay_number, 1) as playlist_stay_number,
        playlist_stays.first_observed_at as playlist_seen_at,
        playlist_stays.gone_at as playlist_gone_at,
        case
            when entries.stay_number > 1 or entries.added_at is null then entries.first_observed_at
            else entries.added_at
        end as entered_at
    from entries
    left join playlist_stays
        on
            entries.listener = playlist_stays.listener
            and entries.list_id = playlist_stays.item_id

),

memberships as (

    select
        *,
        case
            when playlist_stay_number > 1 and playlist_seen_at > entered_at then playlist_seen_at
            else entered_at
        end as valid_from_at,
        case
            when gone_at is null or playlist_gone_at < gone_at then playlist_gone_at
            else gone_at
        end as valid_until_at
    from listed_entries

),

final as (

    select
        {{ hash_key([
            'listener', 'list_id', 'item_uri', timestamp_text('added_at'), 'occurrence_number',
            timestamp_text('valid_from_at'),
        ]) }} as membership_key,
        {{ hash_key(['listener', 'list_id']) }} as playlist_key,
        case
            when item_type = 'track' and item_id is not null then {{ track_key('item_id', "''", 'item_name') }}
        end as track_key,
        listener,
        list_id as playlist_id,
        case when item_type = 'track' then item_id end as track_id,
        case when item_type = 'episode' then item_id end as episode_id,
        added_by_id,
        item_uri,
        item_type,
        item_name,
        occurrence_number,
        position as item_position,
        valid_until_at is null as is_current,
        added_at,
        valid_from_at,
        valid_until_at
    from memberships
    where valid_until_at is null or valid_from_at < valid_until_at

)

select * from final
