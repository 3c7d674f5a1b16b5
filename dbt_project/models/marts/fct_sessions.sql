{{
    config(
        materialized='incremental',
        meta={'periods': ['month']},
    )
}}

{%- set first_day = 'cast(' ~ dbt.concat(['period', "'-01'"]) ~ ' as date)' %}

with

months as (

    {{ stale_periods('month') }}

),

months_around as (

    select
        listener,
        period
    from months

    union distinct

    -- a session of a month goes on after its end, and whether a play begins one is told by those before
    select
        listener,
        {{ year_month(dbt.dateadd('month', 1, first_day)) }} as period
    from months

    union distinct

    select
        listener,
        {{ year_month(dbt.dateadd('month', -1, first_day)) }} as period
    from months

),

plays as (

    select
        fct_plays.listener,
        fct_plays.track_key,
        fct_plays.platform,
        fct_plays.listened_ms,
        fct_plays.is_counted,
        fct_plays.is_skipped,
        fct_plays.listening_date,
        fct_plays.started_at,
        fct_plays.ended_at,
        fct_plays.ended_at_local
    from {{ ref('fct_plays') }} as fct_plays
    inner join months_around
        on
            fct_plays.listener = months_around.listener
            and fct_plays.year_month = months_around.period
    where
        coalesce(fct_plays.exclusion_reason, 'none') not in ('retry', 'covered_by_extended_history')
        and {{ within_months('fct_plays.listening_date', stale_months('month'), months_around=1) }}

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
        {{ hash_key(['sessions.listener', epoch_seconds('sessions.started_at')]) }} as session_key,
        sessions.listener,
        sessions.platform,
        sessions.play_count,
        cast(sessions.stream_count as {{ dbt.type_bigint() }}) as stream_count,
        cast(sessions.skipped_count as {{ dbt.type_bigint() }}) as skipped_count,
        sessions.track_count,
        {{ hours('sessions.listened_ms') }} as listening_hours,
        {{ dbt.datediff('sessions.started_at', 'sessions.ended_at', 'second') }} as session_seconds,
        sessions.listening_date,
        sessions.started_at,
        sessions.ended_at,
        sessions.ended_at_local,
        months.input_key
    from sessions
    inner join months
        on
            sessions.listener = months.listener
            and {{ year_month('sessions.listening_date') }} = months.period

)

select * from final
