with

all_tracks as (

    select * from {{ ref('int_tracks') }}

),

catalogue_tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

ordered_recordings as (

    select
        names_key,
        recording_key,
        row_number() over (
            partition by names_key order by sum(stream_count) desc, recording_key
        ) as recording_number
    from all_tracks
    where recording_rule = 'isrc'
    group by names_key, recording_key

),

recordings_by_names as (

    -- a track without ISRC is the best known recording of its names
    select * from ordered_recordings
    where recording_number = 1

),

final as (

    select
        all_tracks.track_key,
        all_tracks.artist_key,
        all_tracks.album_key,
        all_tracks.track_id,
        catalogue.track_id as catalogue_track_id,
        catalogue.album_artist_id as artist_id,
        catalogue.album_id,
        coalesce(all_tracks.recording_key, recordings_by_names.recording_key, all_tracks.names_key) as recording_key,
        catalogue.isrc,
        all_tracks.track_name,
        all_tracks.artist_name,
        all_tracks.album_name,
        case
            when all_tracks.recording_key is not null then all_tracks.recording_rule
            else 'names'
        end as recording_rule,
        catalogue.release_date_precision,
        catalogue.image_url,
        catalogue.disc_number,
        catalogue.track_number,
        catalogue.duration_ms,
        catalogue.popularity,
        cast(extract(year from catalogue.release_date) as {{ dbt.type_int() }}) as release_year,
        cast(floor(extract(year from catalogue.release_date) / 10) * 10 as {{ dbt.type_int() }}) as release_decade,
        all_tracks.listener_count,
        all_tracks.play_count,
        all_tracks.stream_count,
        catalogue.is_explicit,
        catalogue.release_date,
        all_tracks.first_played_at,
        all_tracks.last_played_at
    from all_tracks
    left join catalogue_tracks as catalogue
        on all_tracks.catalogue_track_id = catalogue.track_id
    left join recordings_by_names
        on all_tracks.names_key = recordings_by_names.names_key

)

select * from final
