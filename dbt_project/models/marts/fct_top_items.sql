with

list_entries as (

    select * from {{ ref('int_list_entries') }}
    where list_name in ('top_tracks', 'top_artists')

),

looks as (

    select * from {{ ref('int_list_looks') }}

),

top_items as (

    -- once each, though a load that was killed may have brought a row twice
    select
        list_entries.listener,
        list_entries.item_type,
        list_entries.list_id as time_range,
        list_entries.position as item_rank,
        looks.look_number,
        min(list_entries.item_id) as item_id,
        min(list_entries.item_name) as item_name,
        list_entries.observed_at
    from list_entries
    inner join looks
        on
            list_entries.listener = looks.listener
            and list_entries.list_name = looks.list_name
            and list_entries.list_id = looks.list_id
            and list_entries.observed_at = looks.observed_at
    group by
        list_entries.listener,
        list_entries.item_type,
        list_entries.list_id,
        list_entries.position,
        looks.look_number,
        list_entries.observed_at

),

ranks as (

    select
        listener,
        item_type,
        time_range,
        item_id,
        look_number,
        min(item_rank) as item_rank
    from top_items
    group by listener, item_type, time_range, item_id, look_number

),

final as (

    select
        top_items.listener,
        case
            when top_items.item_type = 'track'
                then {{ track_key('top_items.item_id', "''", 'top_items.item_name') }}
        end as track_key,
        case when top_items.item_type = 'artist' then {{ hash_key(['top_items.item_name']) }} end as artist_key,
        top_items.item_id,
        top_items.item_type,
        top_items.item_name,
        top_items.time_range,
        top_items.item_rank,
        previous_ranks.item_rank as previous_rank,
        previous_ranks.item_rank - top_items.item_rank as rank_change,
        top_items.observed_at
    from top_items
    left join ranks as previous_ranks
        on
            top_items.listener = previous_ranks.listener
            and top_items.item_type = previous_ranks.item_type
            and top_items.time_range = previous_ranks.time_range
            and top_items.item_id = previous_ranks.item_id
            and top_items.look_number - 1 = previous_ranks.look_number

)

select * from final
