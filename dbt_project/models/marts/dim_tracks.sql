with

listener_tracks as (

    select * from {{ ref('agg_listener_tracks') }}

),

final as (

    -- a track that was renamed goes by the name that it had last
    select
        track_key,
        {{ latest_by('artist_key', 'last_played_at') }} as artist_key,
        {{ latest_by('album_key', 'last_played_at') }} as album_key,
        min(track_id) as track_id,
        {{ latest_by('track_name', 'last_played_at') }} as track_name,
        {{ latest_by('artist_name', 'last_played_at') }} as artist_name,
        {{ latest_by('album_name', 'last_played_at') }} as album_name,
        count(distinct listener) as listener_count,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from listener_tracks
    group by track_key

)

select * from final
