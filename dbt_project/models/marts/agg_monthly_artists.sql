with

plays as (

    select * from {{ ref('fct_plays') }}
    where is_counted and artist_key is not null

),

listening as (

    select
        listener,
        artist_key,
        min(artist_name) as artist_name,
        year_month,
        count(*) as stream_count,
        count(distinct track_key) as track_count,
        sum(ms_played) as ms_played
    from plays
    group by listener, artist_key, year_month

),

final as (

    select
        listener,
        artist_key,
        artist_name,
        year_month,
        stream_count,
        track_count,
        {{ hours('ms_played') }} as listening_hours,
        row_number() over (
            partition by listener, year_month order by stream_count desc, ms_played desc, artist_key
        ) as artist_rank
    from listening

)

select * from final
