with

plays as (

    select * from {{ ref('fct_plays') }}
    where track_key is not null

),

final as (

    select
        listener,
        track_key,
        artist_key,
        album_key,
        min(track_id) as track_id,
        {{ latest_by('track_name', 'ended_at') }} as track_name,
        min(artist_name) as artist_name,
        min(album_name) as album_name,
        count(*) as play_count,
        cast(sum(case when is_counted then 1 else 0 end) as {{ dbt.type_bigint() }}) as stream_count,
        {{ hours('sum(case when is_counted then listened_ms else 0 end)') }} as listening_hours,
        min(ended_at) as first_played_at,
        max(ended_at) as last_played_at
    from plays
    group by listener, track_key, artist_key, album_key

)

select * from final
