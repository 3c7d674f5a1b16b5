with

plays as (

    select
        listener,
        content_type,
        ended_at,
        in_extended_export,
        in_account_export,
        in_api,
        -- the API lists music that was heard for 30 seconds, no more
        content_type in ('track', 'video')
        and (in_api or listened_ms >= {{ var('listed_from_ms') }}) as is_of_the_api
    from {{ ref('fct_plays') }}
    where exclusion_reason is null or exclusion_reason != 'retry'

),

spans as (

    -- of tracks alone: a file of videos says nothing about the music of its time
    select
        listener,
        'account' as source,
        min(ended_at) as first_ended_at,
        max(ended_at) as last_ended_at
    from plays
    where in_account_export and content_type = 'track'
    group by listener

    union all

    select
        listener,
        'api' as source,
        min(ended_at) as first_ended_at,
        max(ended_at) as last_ended_at
    from plays
    where in_api and content_type = 'track'
    group by listener

    union all

    select
        listener,
        'extended' as source,
        min(ended_at) as first_ended_at,
        max(ended_at) as last_ended_at
    from plays
    where in_extended_export and content_type = 'track'
    group by listener

),

shared_spans as (

    -- of tracks alone: a file of videos says nothing about the music of its time
    select
        one.listener,
        one.source,
        other.source as other_source,
        case
            when one.first_ended_at > other.first_ended_at then one.first_ended_at
            else other.first_ended_at
        end as first_shared_at,
        case
            when one.last_ended_at < other.last_ended_at then one.last_ended_at
            else other.last_ended_at
        end as last_shared_at
    from spans as one
    inner join spans as other
        on one.listener = other.listener
    where one.source < other.source

),

shared_plays as (

    select
        shared_spans.*,
        case shared_spans.source
            when 'account' then plays.in_account_export
            else plays.in_api
        end as is_in_source,
        case shared_spans.other_source
            when 'api' then plays.in_api
            else plays.in_extended_export
        end as is_in_other
    from shared_spans
    inner join plays
        on
            shared_spans.listener = plays.listener
            and shared_spans.first_shared_at <= plays.ended_at
            and shared_spans.last_shared_at >= plays.ended_at
    where plays.is_of_the_api or 'api' not in (shared_spans.source, shared_spans.other_source)

),

counted_plays as (

    select
        listener,
        source,
        other_source,
        first_shared_at,
        last_shared_at,
        sum(case when is_in_source and is_in_other then 1 else 0 end) as shared_count,
        sum(case when is_in_source and not is_in_other then 1 else 0 end) as source_only_count,
        sum(case when is_in_other and not is_in_source then 1 else 0 end) as other_only_count
    from shared_plays
    group by listener, source, other_source, first_shared_at, last_shared_at

),

final as (

    select
        listener,
        source,
        other_source,
        cast(shared_count as {{ dbt.type_bigint() }}) as shared_count,
        cast(source_only_count as {{ dbt.type_bigint() }}) as source_only_count,
        cast(other_only_count as {{ dbt.type_bigint() }}) as other_only_count,
        cast(shared_count as {{ type_double() }}) / nullif(shared_count + source_only_count, 0) as source_found_share,
        cast(shared_count as {{ type_double() }}) / nullif(shared_count + other_only_count, 0) as other_found_share,
        first_shared_at,
        last_shared_at
    from counted_plays

)

select * from final
