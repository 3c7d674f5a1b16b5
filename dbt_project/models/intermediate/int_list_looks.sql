with

list_observations as (

    select * from {{ ref('stg_spotify_api__list_observations') }}

),

list_entries as (

    select * from {{ ref('int_list_entries') }}

),

looks as (

    -- a load that was killed may have brought a row twice
    select
        listener,
        list_name,
        coalesce(list_id, '') as list_id,
        max(snapshot_id) as snapshot_id,
        max(total_count) as total_count,
        min(case when is_whole then 1 else 0 end) = 1 as is_whole,
        observed_at
    from list_observations
    group by listener, list_name, coalesce(list_id, ''), observed_at

),

entry_counts as (

    select
        listener,
        list_name,
        list_id,
        observed_at,
        count(distinct position) as entry_count
    from list_entries
    group by listener, list_name, list_id, observed_at

),

complete_looks as (

    -- rows are missing where a page failed: such a look says nothing of what is gone
    select looks.*
    from looks
    left join entry_counts
        on
            looks.listener = entry_counts.listener
            and looks.list_name = entry_counts.list_name
            and looks.list_id = entry_counts.list_id
            and looks.observed_at = entry_counts.observed_at
    where looks.total_count = coalesce(entry_counts.entry_count, 0)

),

numbered_looks as (

    -- a look at what was added since counts with the whole look before it
    select
        listener,
        list_name,
        list_id,
        snapshot_id,
        total_count as entry_count,
        cast(
            sum(case when is_whole then 1 else 0 end) over (
                partition by listener, list_name, list_id order by observed_at
                rows between unbounded preceding and current row
            ) as {{ dbt.type_bigint() }}
        ) as look_number,
        is_whole,
        observed_at
    from complete_looks

)

select * from numbered_looks
