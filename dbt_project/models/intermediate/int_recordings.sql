with

catalogue_tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

api_history as (

    select * from {{ ref('stg_spotify_api__recently_played') }}
    where track_id is not null

),

manual_recordings as (

    select * from {{ ref('recordings') }}

),

isrcs as (

    select
        track_id,
        isrc
    from catalogue_tracks
    where isrc is not null

    union distinct

    -- a poll tells the code too, before the catalogue is asked
    select
        api_history.track_id,
        api_history.isrc
    from api_history
    left join catalogue_tracks
        on api_history.track_id = catalogue_tracks.track_id
    where api_history.isrc is not null and catalogue_tracks.isrc is null

),

track_isrcs as (

    select
        track_id,
        min(upper({{ dbt.replace('isrc', "'-'", "''") }})) as isrc
    from isrcs
    group by track_id

),

final as (

    select
        coalesce(manual_recordings.track_id, track_isrcs.track_id) as track_id,
        case
            when manual_recordings.track_id is not null
                then {{ hash_key(["'manual'", 'manual_recordings.recording']) }}
            else {{ hash_key(["'isrc'", 'track_isrcs.isrc']) }}
        end as recording_key,
        case when manual_recordings.track_id is not null then 'manual' else 'isrc' end as recording_rule
    from track_isrcs
    full outer join manual_recordings
        on track_isrcs.track_id = manual_recordings.track_id

)

select * from final
