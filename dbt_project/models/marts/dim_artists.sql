with

plays as (

    select * from {{ ref('fct_plays') }}
    where artist_key is not null

),

final as (

    select
        artist_key,
        min(artist_name) as artist_name,
        count(distinct track_key) as track_count,
        count(distinct listener) as listener_count,
        cast(sum(case when is_counted then 1 else 0 end) as {{ dbt.type_bigint() }}) as stream_count,
        min(ended_at) as first_played_at,
        max(ended_at) as last_played_at
    from plays
    group by artist_key

)

select * from final
