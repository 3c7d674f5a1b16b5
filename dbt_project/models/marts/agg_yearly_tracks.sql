with

plays as (

    select * from {{ ref('fct_plays') }}
    where is_counted and track_key is not null

),

tracks as (

    select * from {{ ref('dim_tracks') }}

),

listening as (

    select
        listener,
        track_key,
        year,
        count(*) as stream_count,
        sum(ms_played) as ms_played
    from plays
    group by listener, track_key, year

),

final as (

    select
        listening.listener,
        listening.track_key,
        tracks.track_name,
        tracks.artist_name,
        listening.year,
        listening.stream_count,
        {{ hours('listening.ms_played') }} as listening_hours,
        row_number() over (
            partition by listening.listener, listening.year
            order by listening.stream_count desc, listening.ms_played desc, listening.track_key
        ) as track_rank
    from listening
    inner join tracks
        on listening.track_key = tracks.track_key

)

select * from final
