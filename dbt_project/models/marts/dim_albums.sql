with

listener_tracks as (

    select * from {{ ref('agg_listener_tracks') }}
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
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from listener_tracks
    group by album_key

)

select * from final
