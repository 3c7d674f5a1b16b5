with

streams as (

    select
        listener,
        play_key,
        listened_ms,
        listening_date,
        cast(ended_at as date) as utc_date,
        ended_at
    from {{ ref('fct_plays') }}
    where is_counted

),

days as (

    select
        listener,
        utc_date,
        count(*) as stream_count,
        sum(listened_ms) as listened_ms
    from streams
    group by listener, utc_date

),

days_with_totals as (

    select
        *,
        sum(stream_count) over (
            partition by listener order by utc_date
            rows between unbounded preceding and current row
        ) as total_stream_count,
        sum(listened_ms) over (
            partition by listener order by utc_date
            rows between unbounded preceding and current row
        ) as total_listened_ms
    from days

),

milestone_days as (

    -- few days hold a milestone, and only their streams need to be put in order; thousands of hours
    -- are doubles, for some warehouses round the seventh digit of a quotient of whole numbers
    select
        listener,
        utc_date,
        total_stream_count - stream_count as previous_stream_count,
        total_listened_ms - listened_ms as previous_listened_ms
    from days_with_totals
    where
        total_stream_count - stream_count < 1000
        or floor(total_stream_count / 5000) > floor((total_stream_count - stream_count) / 5000)
        or floor({{ hours('total_listened_ms') }} / 1000)
        > floor({{ hours('(total_listened_ms - listened_ms)') }} / 1000)

),

numbered_streams as (

    select
        streams.*,
        milestone_days.previous_stream_count + row_number() over (
            partition by streams.listener, streams.utc_date
            order by streams.ended_at, streams.play_key
        ) as stream_number,
        milestone_days.previous_listened_ms + sum(streams.listened_ms) over (
            partition by streams.listener, streams.utc_date
            order by streams.ended_at, streams.play_key
            rows between unbounded preceding and current row
        ) as listened_ms_so_far
    from streams
    inner join milestone_days
        on
            streams.listener = milestone_days.listener
            and streams.utc_date = milestone_days.utc_date

),

streams_with_hours as (

    select
        *,
        floor({{ hours('listened_ms_so_far') }} / 1000) as thousand_hour_count,
        floor({{ hours('(listened_ms_so_far - listened_ms)') }} / 1000) as previous_thousand_hour_count
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
