with

runs as (

    select * from {{ ref('stg_spotify_api__collection_runs') }}

),

resources as (

    select
        parent_key,
        cast(sum(row_count) as {{ dbt.type_bigint() }}) as row_count
    from {{ ref('stg_spotify_api__collection_runs__resources') }}
    group by parent_key

),

final as (

    select
        runs.run_id,
        runs.listener,
        runs.outcome,
        runs.message,
        runs.call_count,
        runs.retry_count,
        coalesce(resources.row_count, 0) as row_count,
        cast(round(runs.waited_seconds) as {{ dbt.type_bigint() }}) as waited_seconds,
        runs.outcome = 'complete' as is_complete,
        runs.started_at,
        runs.ended_at,
        runs.try_later_until as try_later_until_at
    from runs
    left join resources
        on runs.row_key = resources.parent_key

)

select * from final
