with

plays as (

    select
        listener,
        track_key,
        platform,
        listened_ms,
        is_counted,
        is_skipped,
        listening_date,
        started_at,
        ended_at,
        ended_at_local
    from {{ ref('fct_plays') }}
    where exclusion_reason is null or exclusion_reason not in ('retry', 'covered_by_extended_history')

),

plays_after_others as (

    -- a long play may end after one that began later: what counts is when the last of all the
    -- plays that began before has ended, or else two sessions could overlap
    select
        *,
        max(ended_at) over (
            partition by listener
            order by started_at
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at
    from plays

),

plays_with_start as (

    select
        *,
        case
            when previous_ended_at is null then 1
            when started_at > {{ dbt.dateadd('minute', var('session_gap_minutes'), 'previous_ended_at') }} then 1
            else 0
        end as is_session_start
    from plays_after_others

),

plays_with_session as (

    -- of plays that began at the same time, either may be the one that starts the session
    select
        *,
        sum(is_session_start) over (
            partition by listener
            order by started_at
            range between unbounded preceding and current row
        ) as session_number
    from plays_with_start

),

sessions as (

    select
        listener,
        session_number,
        min(platform) as platform,
        count(*) as play_count,
        sum(case when is_counted then 1 else 0 end) as stream_count,
        sum(case when is_skipped then 1 else 0 end) as skipped_count,
        count(distinct track_key) as track_count,
        sum(listened_ms) as listened_ms,
        min(listening_date) as listening_date,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        max(ended_at_local) as ended_at_local
    from plays_with_session
    group by listener, session_number

),

final as (

    select
        {{ hash_key(['listener', epoch_seconds('started_at')]) }} as session_key,
        listener,
        platform,
        cast(session_number as {{ dbt.type_bigint() }}) as session_number,
        play_count,
        cast(stream_count as {{ dbt.type_bigint() }}) as stream_count,
        cast(skipped_count as {{ dbt.type_bigint() }}) as skipped_count,
        track_count,
        {{ hours('listened_ms') }} as listening_hours,
        {{ dbt.datediff('started_at', 'ended_at', 'second') }} as session_seconds,
        listening_date,
        started_at,
        ended_at,
        ended_at_local
    from sessions

)

select * from final
