with

streams as (

    select
        listener,
        play_key,
        listened_ms,
        listening_date,
        ended_at
    from {{ ref('fct_plays') }}
    where is_counted

),

numbered_streams as (

    select
        *,
        row_number() over (partition by listener order by ended_at, play_key) as stream_number,
        sum(listened_ms) over (
            partition by listener order by ended_at, play_key
            rows between unbounded preceding and current row
        ) as listened_ms_so_far
    from streams

),

streams_with_hours as (

    select
        *,
        floor(listened_ms_so_far / 3600000000) as thousand_hour_count,
        floor((listened_ms_so_far - listened_ms) / 3600000000) as previous_thousand_hour_count
    from numbered_streams

),

milestones as (

    select
        listener,
        play_key,
        'streams' as milestone_type,
        stream_number as milestone_number,
        listening_date,
        ended_at
    from numbered_streams
    where stream_number in (1, 100, 1000) or mod(stream_number, 5000) = 0

    union all

    select
        listener,
        play_key,
        'hours' as milestone_type,
        thousand_hour_count * 1000 as milestone_number,
        listening_date,
        ended_at
    from streams_with_hours
    where thousand_hour_count > previous_thousand_hour_count

),

final as (

    select
        play_key,
        listener,
        milestone_type,
        cast(milestone_number as {{ dbt.type_bigint() }}) as milestone_number,
        listening_date,
        ended_at
    from milestones

)

select * from final
