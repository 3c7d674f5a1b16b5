{{
    config(
        materialized='incremental',
        meta={'periods': ['month']},
    )
}}

with

months as (

    {{ stale_periods('month') }}

),

plays as (

    select
        fct_plays.*,
        months.input_key as month_input_key
    from {{ ref('fct_plays') }} as fct_plays
    inner join months
        on
            fct_plays.listener = months.listener
            and fct_plays.year_month = months.period
    where {{ within_months('fct_plays.listening_date', stale_months('month')) }}

),

final as (

    select
        listener,
        count(*) as play_count,
        cast(sum(case when is_counted then 1 else 0 end) as {{ dbt.type_bigint() }}) as stream_count,
        cast(sum(case when is_skipped then 1 else 0 end) as {{ dbt.type_bigint() }}) as skipped_count,
        count(distinct case when is_counted then track_key end) as track_count,
        count(distinct case when is_counted then artist_key end) as artist_count,
        {{ hours('sum(case when is_counted then listened_ms else 0 end)') }} as listening_hours,
        listening_date,
        min(case when is_counted then started_at end) as first_started_at,
        max(case when is_counted then ended_at end) as last_ended_at,
        month_input_key as input_key
    from plays
    group by listener, listening_date, month_input_key

)

select * from final
