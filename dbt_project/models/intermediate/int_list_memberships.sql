with

list_entries as (

    select * from {{ ref('int_list_entries') }}
    where list_name not in ('top_tracks', 'top_artists') and item_uri is not null

),

looks as (

    select * from {{ ref('int_list_looks') }}

),

whole_looks as (

    select * from looks
    where is_whole

),

sightings as (

    -- the same item added in the same second is told apart by its order; a row that was loaded
    -- twice is not another one
    select
        list_entries.*,
        looks.look_number,
        dense_rank() over (
            partition by
                list_entries.listener,
                list_entries.list_name,
                list_entries.list_id,
                list_entries.item_uri,
                list_entries.added_at,
                list_entries.observed_at
            order by list_entries.position
        ) as occurrence_number
    from list_entries
    inner join looks
        on
            list_entries.listener = looks.listener
            and list_entries.list_name = looks.list_name
            and list_entries.list_id = looks.list_id
            and list_entries.observed_at = looks.observed_at

),

islands as (

    -- constant as long as no whole look is without the item
    select
        *,
        look_number - dense_rank() over (
            partition by listener, list_name, list_id, item_uri, added_at, occurrence_number
            order by look_number
        ) as island
    from sightings

),

stays as (

    select
        listener,
        list_name,
        list_id,
        min(item_id) as item_id,
        min(added_by_id) as added_by_id,
        item_uri,
        min(item_type) as item_type,
        {{ latest_by('item_name', 'observed_at') }} as item_name,
        {{ latest_by('position', 'observed_at', dbt.type_bigint()) }} as position,
        occurrence_number,
        max(look_number) as last_look_number,
        added_at,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at
    from islands
    group by listener, list_name, list_id, item_uri, added_at, occurrence_number, island

),

numbered_stays as (

    select
        *,
        row_number() over (
            partition by listener, list_name, list_id, item_uri, added_at, occurrence_number
            order by first_observed_at
        ) as stay_number
    from stays

),

final as (

    select
        stays.listener,
        stays.list_name,
        stays.list_id,
        stays.item_id,
        stays.added_by_id,
        stays.item_uri,
        stays.item_type,
        stays.item_name,
        stays.position,
        stays.occurrence_number,
        stays.stay_number,
        stays.added_at,
        stays.first_observed_at,
        stays.last_observed_at,
        whole_looks.observed_at as gone_at
    from numbered_stays as stays
    left join whole_looks
        on
            stays.listener = whole_looks.listener
            and stays.list_name = whole_looks.list_name
            and stays.list_id = whole_looks.list_id
            and stays.last_look_number + 1 = whole_looks.look_number

)

select * from final
