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

listening as (

    -- by platform first: its family is looked up once for each, not for every play
    select
        listener,
        year_month,
        platform,
        coalesce(conn_country, 'ZZ') as conn_country,
        count(*) as play_count,
        sum(case when is_counted then 1 else 0 end) as stream_count,
        sum(case when is_skipped then 1 else 0 end) as skipped_count,
        sum(case when is_shuffle then 1 else 0 end) as shuffle_count,
        sum(case when is_offline then 1 else 0 end) as offline_count,
        sum(case when is_incognito then 1 else 0 end) as private_count,
        sum(case when is_counted then listened_ms else 0 end) as listened_ms,
        month_input_key as input_key
    from plays
    group by listener, year_month, platform, conn_country, month_input_key

),

families as (

    select
        *,
        {{ platform_family('platform') }} as platform_family
    from listening

),

final as (

    select
        listener,
        year_month,
        platform_family,
        conn_country,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        cast(sum(skipped_count) as {{ dbt.type_bigint() }}) as skipped_count,
        cast(sum(shuffle_count) as {{ dbt.type_bigint() }}) as shuffle_count,
        cast(sum(offline_count) as {{ dbt.type_bigint() }}) as offline_count,
        cast(sum(private_count) as {{ dbt.type_bigint() }}) as private_count,
        {{ hours('sum(listened_ms)') }} as listening_hours,
        input_key
    from families
    group by listener, year_month, platform_family, conn_country, input_key

)

select * from final
