with

plays as (

    select * from {{ ref('fct_plays') }}

),

final as (

    select
        listener,
        count(*) as play_count,
        cast(sum(case when is_counted then 1 else 0 end) as {{ dbt.type_bigint() }}) as stream_count,
        cast(sum(case when is_skipped then 1 else 0 end) as {{ dbt.type_bigint() }}) as skipped_count,
        count(distinct case when is_counted then track_key end) as track_count,
        count(distinct case when is_counted then artist_key end) as artist_count,
        {{ hours('sum(case when is_counted then ms_played else 0 end)') }} as listening_hours,
        listening_date,
        min(case when is_counted then started_at end) as first_started_at,
        max(case when is_counted then ended_at end) as last_ended_at
    from plays
    group by listener, listening_date

)

select * from final
