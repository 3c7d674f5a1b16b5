with

tracks as (

    select * from {{ ref('dim_tracks') }}

),

ordered_tracks as (

    select
        *,
        row_number() over (
            partition by recording_key order by stream_count desc, play_count desc, track_key
        ) as track_number_in_recording
    from tracks

),

final as (

    -- called by the name of the track that was streamed most
    select
        recording_key,
        min(case when track_number_in_recording = 1 then track_key end) as track_key,
        min(case when track_number_in_recording = 1 then artist_key end) as artist_key,
        min(isrc) as isrc,
        min(case when track_number_in_recording = 1 then track_name end) as track_name,
        min(case when track_number_in_recording = 1 then artist_name end) as artist_name,
        count(*) as track_count,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        min(release_date) as release_date,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from ordered_tracks
    group by recording_key

)

select * from final
