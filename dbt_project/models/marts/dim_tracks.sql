with

listener_tracks as (

    select * from {{ ref('agg_listener_tracks') }}

),

catalogue_tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

track_matches as (

    select * from {{ ref('int_track_matches') }}

),

recordings as (

    select * from {{ ref('int_recordings') }}

),

played_tracks as (

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

),

matched_tracks as (

    select
        played_tracks.*,
        coalesce(played_tracks.track_id, track_matches.track_id) as catalogue_track_id
    from played_tracks
    left join track_matches
        on
            played_tracks.artist_name = track_matches.artist_name
            and played_tracks.track_name = track_matches.track_name

),

keyed_catalogue_tracks as (

    select
        *,
        {{ track_key('track_id', 'album_artist_name', 'track_name') }} as track_key,
        case when album_artist_name is not null then {{ hash_key(['album_artist_name']) }} end as artist_key,
        case when album_name is not null then {{ hash_key(['album_artist_name', 'album_name']) }} end as album_key
    from catalogue_tracks

),

unplayed_tracks as (

    select catalogue.*
    from keyed_catalogue_tracks as catalogue
    left join played_tracks
        on catalogue.track_key = played_tracks.track_key
    where played_tracks.track_key is null

),

all_tracks as (

    select * from matched_tracks

    union all

    select
        track_key,
        artist_key,
        album_key,
        track_id,
        track_name,
        album_artist_name as artist_name,
        album_name,
        0 as listener_count,
        0 as play_count,
        0 as stream_count,
        null as first_played_at,
        null as last_played_at,
        track_id as catalogue_track_id
    from unplayed_tracks

),

tracks_by_names as (

    select
        all_tracks.*,
        recordings.recording_key,
        recordings.recording_rule,
        {{ hash_key([
            "'names'", lower_case('all_tracks.artist_name'), plain_title('all_tracks.track_name'),
        ]) }} as names_key
    from all_tracks
    left join recordings
        on all_tracks.catalogue_track_id = recordings.track_id

),

ordered_recordings as (

    select
        names_key,
        recording_key,
        row_number() over (
            partition by names_key order by sum(stream_count) desc, recording_key
        ) as recording_number
    from tracks_by_names
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
        tracks.track_key,
        tracks.artist_key,
        tracks.album_key,
        tracks.track_id,
        catalogue.track_id as catalogue_track_id,
        catalogue.album_artist_id as artist_id,
        catalogue.album_id,
        coalesce(tracks.recording_key, recordings_by_names.recording_key, tracks.names_key) as recording_key,
        catalogue.isrc,
        tracks.track_name,
        tracks.artist_name,
        tracks.album_name,
        case
            when tracks.recording_key is not null then tracks.recording_rule
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
        tracks.listener_count,
        tracks.play_count,
        tracks.stream_count,
        catalogue.is_explicit,
        catalogue.release_date,
        tracks.first_played_at,
        tracks.last_played_at
    from tracks_by_names as tracks
    left join catalogue_tracks as catalogue
        on tracks.catalogue_track_id = catalogue.track_id
    left join recordings_by_names
        on tracks.names_key = recordings_by_names.names_key

)

select * from final
