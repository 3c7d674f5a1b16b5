with

plays as (

    select * from {{ ref('fct_plays') }}
    where track_key is not null

),

ranked_plays as (

    -- a track that was renamed goes by the name that it had last
    select
        *,
        row_number() over (partition by track_key order by ended_at desc, play_key) as recency
    from plays

),

names as (

    select * from ranked_plays
    where recency = 1

),

listening as (

    select
        track_key,
        count(distinct listener) as listener_count,
        sum(case when is_counted then 1 else 0 end) as stream_count,
        min(ended_at) as first_played_at,
        max(ended_at) as last_played_at
    from plays
    group by track_key

),

final as (

    select
        names.track_key,
        names.artist_key,
        names.album_key,
        names.track_id,
        names.track_name,
        names.artist_name,
        names.album_name,
        listening.listener_count,
        cast(listening.stream_count as {{ dbt.type_bigint() }}) as stream_count,
        listening.first_played_at,
        listening.last_played_at
    from names
    inner join listening
        on names.track_key = listening.track_key

)

select * from final
