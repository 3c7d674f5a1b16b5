with

listeners as (

    select * from {{ ref('stg_spotify_export__listeners') }}

),

time_zones as (

    select * from {{ ref('int_listener_time_zones') }}
    where valid_until = cast('9999-12-31' as {{ dbt.type_timestamp() }})

),

plays as (

    select * from {{ ref('fct_plays') }}

),

listening as (

    select
        listener,
        count(*) as play_count,
        sum(case when is_counted then 1 else 0 end) as stream_count,
        sum(case when is_counted then listened_ms else 0 end) as listened_ms,
        min(ended_at) as first_played_at,
        max(ended_at) as last_played_at
    from plays
    group by listener

),

final as (

    select
        listeners.listener,
        time_zones.time_zone,
        coalesce(listening.play_count, 0) as play_count,
        cast(coalesce(listening.stream_count, 0) as {{ dbt.type_bigint() }}) as stream_count,
        {{ hours('coalesce(listening.listened_ms, 0)') }} as listening_hours,
        listening.first_played_at,
        listening.last_played_at
    from listeners
    left join time_zones
        on listeners.listener = time_zones.listener
    left join listening
        on listeners.listener = listening.listener

)

select * from final
