with

plays as (

    select * from {{ ref('fct_plays') }}

),

imports as (

    select * from {{ ref('mon_imports') }}
    where status = 'loaded'

),

runs as (

    select * from {{ ref('mon_collection_runs') }}

),

plays_by_source as (

    select
        listener,
        'extended_export' as play_source,
        max(ended_at) as last_play_at,
        count(*) as play_count
    from plays
    where in_extended_export
    group by listener

    union all

    select
        listener,
        'account_export' as play_source,
        max(ended_at) as last_play_at,
        count(*) as play_count
    from plays
    where in_account_export
    group by listener

    union all

    select
        listener,
        'web_api' as play_source,
        max(ended_at) as last_play_at,
        count(*) as play_count
    from plays
    where in_api
    group by listener

),

loads_by_source as (

    select
        listener,
        case when kind in ('extended_audio', 'extended_video') then 'extended_export' else 'account_export' end
            as play_source,
        max(loaded_at) as loaded_at
    from imports
    where first_ended_at is not null
    group by
        listener,
        case when kind in ('extended_audio', 'extended_video') then 'extended_export' else 'account_export' end

    union all

    -- plays are asked for first: a run that ended early for want of calls has them
    select
        listener,
        'web_api' as play_source,
        max(ended_at) as loaded_at
    from runs
    where outcome in ('complete', 'scope_missing', 'budget_spent')
    group by listener

),

final as (

    select
        coalesce(plays_by_source.listener, loads_by_source.listener) as listener,
        coalesce(plays_by_source.play_source, loads_by_source.play_source) as play_source,
        coalesce(plays_by_source.play_count, 0) as play_count,
        plays_by_source.last_play_at,
        loads_by_source.loaded_at
    from plays_by_source
    full outer join loads_by_source
        on
            plays_by_source.listener = loads_by_source.listener
            and plays_by_source.play_source = loads_by_source.play_source

)

select * from final
