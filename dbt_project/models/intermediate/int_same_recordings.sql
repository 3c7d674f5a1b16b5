{{ config(materialized='view') }}

with

recordings as (

    select * from {{ ref('int_recordings') }}

),

pairs as (

    select
        recordings.track_id,
        others.track_id as other_track_id
    from recordings
    inner join recordings as others
        on recordings.recording_key = others.recording_key
    where recordings.track_id != others.track_id

)

select * from pairs
