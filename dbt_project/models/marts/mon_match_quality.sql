with

records as (

    select
        listener,
        record_kind,
        match_rule,
        abs(match_seconds) as distance
    from {{ ref('bridge_play_records') }}

),

rules as (

    select
        listener,
        record_kind,
        match_rule,
        count(*) as record_count,
        sum(case when distance <= 2 then 1 else 0 end) as within_2_seconds_count,
        sum(case when distance > 2 and distance <= 60 then 1 else 0 end) as within_a_minute_count,
        sum(case when distance > 60 then 1 else 0 end) as farther_count,
        max(distance) as farthest_seconds
    from records
    group by listener, record_kind, match_rule

),

final as (

    select
        listener,
        record_kind,
        match_rule,
        record_count,
        cast(within_2_seconds_count as {{ dbt.type_bigint() }}) as within_2_seconds_count,
        cast(within_a_minute_count as {{ dbt.type_bigint() }}) as within_a_minute_count,
        cast(farther_count as {{ dbt.type_bigint() }}) as farther_count,
        farthest_seconds,
        cast(record_count as {{ type_double() }})
        / sum(record_count) over (partition by listener, record_kind) as record_share
    from rules

)

select * from final
