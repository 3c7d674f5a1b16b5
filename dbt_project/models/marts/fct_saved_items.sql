with

memberships as (

    select * from {{ ref('int_list_memberships') }}
    where list_name in ('saved_tracks', 'saved_albums', 'saved_shows', 'saved_episodes', 'followed_artists')

),

albums as (

    select * from {{ ref('int_catalogue_albums') }}

),

final as (

    select
        {{ hash_key([
            'memberships.listener', 'memberships.item_uri', timestamp_text('memberships.added_at'),
            'memberships.stay_number',
        ]) }} as saved_item_key,
        case
            when memberships.item_type = 'track' and memberships.item_id is not null
                then {{ track_key('memberships.item_id', "''", 'memberships.item_name') }}
        end as track_key,
        case
            when memberships.item_type = 'album' and albums.album_name is not null
                then {{ hash_key(['albums.artist_name', 'albums.album_name']) }}
        end as album_key,
        case
            when memberships.item_type = 'artist' then {{ hash_key(['memberships.item_name']) }}
        end as artist_key,
        memberships.listener,
        memberships.item_id,
        memberships.item_uri,
        memberships.item_type,
        memberships.item_name,
        memberships.gone_at is null as is_saved,
        memberships.added_at as saved_at,
        memberships.first_observed_at,
        memberships.last_observed_at,
        memberships.gone_at as removed_at
    from memberships
    left join albums
        on memberships.item_id = albums.album_id

)

select * from final
