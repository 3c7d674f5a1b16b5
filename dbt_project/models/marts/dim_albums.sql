with

plays as (

    select * from {{ ref('fct_plays') }}
    where album_key is not null

),

final as (

    select
        album_key,
        min(artist_key) as artist_key,
        min(album_name) as album_name,
        min(artist_name) as artist_name,
        count(distinct track_key) as track_count,
        count(distinct listener) as listener_count,
        cast(sum(case when is_counted then 1 else 0 end) as {{ dbt.type_bigint() }}) as stream_count,
        min(ended_at) as first_played_at,
        max(ended_at) as last_played_at
    from plays
    group by album_key

)

select * from final
