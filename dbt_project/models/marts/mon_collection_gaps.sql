with

gaps as (

    select distinct
        listener,
        page_count,
        gap_started_at,
        gap_ended_at,
        observed_at
    from {{ ref('stg_spotify_api__collection_gaps') }}

),

plays as (

    select
        listener,
        in_api,
        in_extended_export,
        in_account_export,
        ended_at
    from {{ ref('fct_plays') }}

),

plays_since_the_first_gap as (

    -- every gap looks at every play
    select * from plays
    where ended_at > (select min(gaps.gap_started_at) from gaps)

),

plays_in_gaps as (

    select
        gaps.listener,
        gaps.observed_at,
        cast(sum(case when plays.in_api then 1 else 0 end) as {{ dbt.type_bigint() }}) as api_play_count,
        cast(
            sum(case when plays.in_extended_export or plays.in_account_export then 1 else 0 end)
            as {{ dbt.type_bigint() }}
        ) as export_play_count
    from gaps
    inner join plays_since_the_first_gap as plays
        on
            gaps.listener = plays.listener
            and gaps.gap_started_at < plays.ended_at
            and gaps.gap_ended_at > plays.ended_at
    group by gaps.listener, gaps.observed_at

),

exported_spans as (

    select
        listener,
        min(case when in_extended_export then ended_at end) as extended_from,
        max(case when in_extended_export then ended_at end) as extended_until,
        min(case when in_account_export then ended_at end) as account_from,
        max(case when in_account_export then ended_at end) as account_until
    from plays
    group by listener

),

final as (

    select
        gaps.listener,
        gaps.page_count,
        coalesce(plays_in_gaps.api_play_count, 0) as api_play_count,
        coalesce(plays_in_gaps.export_play_count, 0) as export_play_count,
        coalesce(
            gaps.gap_started_at >= exported_spans.extended_from and gaps.gap_ended_at <= exported_spans.extended_until,
            false
        )
        or coalesce(
            gaps.gap_started_at >= exported_spans.account_from and gaps.gap_ended_at <= exported_spans.account_until,
            false
        ) as is_filled,
        gaps.gap_started_at,
        gaps.gap_ended_at,
        gaps.observed_at
    from gaps
    left join plays_in_gaps
        on
            gaps.listener = plays_in_gaps.listener
            and gaps.observed_at = plays_in_gaps.observed_at
    left join exported_spans
        on gaps.listener = exported_spans.listener

)

select * from final
