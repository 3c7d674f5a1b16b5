with

streaming_days as (

    select
        listener,
        listening_date,
        count(*) as stream_count,
        sum(listened_ms) as listened_ms
    from {{ ref('fct_plays') }}
    where is_counted
    group by listener, listening_date

),

numbered_days as (

    -- days in a row have the same day before their first
    select
        *,
        row_number() over (partition by listener order by listening_date) as day_number
    from streaming_days

),

days_with_streak as (

    select
        *,
        cast({{ dbt.dateadd('day', '-cast(day_number as ' ~ dbt.type_int() ~ ')', 'listening_date') }} as date)
            as day_before
    from numbered_days

),

streaks as (

    select
        listener,
        count(*) as day_count,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms,
        min(listening_date) as started_date,
        max(listening_date) as ended_date
    from days_with_streak
    group by listener, day_before

),

ranked_streaks as (

    select
        *,
        row_number() over (
            partition by listener order by day_count desc, listened_ms desc, started_date
        ) as streak_rank
    from streaks

),

final as (

    select
        listener,
        day_count,
        cast(stream_count as {{ dbt.type_bigint() }}) as stream_count,
        streak_rank,
        {{ hours('listened_ms') }} as listening_hours,
        streak_rank = 1 as is_longest,
        started_date,
        ended_date
    from ranked_streaks

)

select * from final
