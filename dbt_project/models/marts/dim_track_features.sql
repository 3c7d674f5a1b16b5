with

tracks as (

    select * from {{ ref('dim_tracks') }}

),

features as (

    select * from {{ ref('int_catalogue_track_features') }}

),

final as (

    select
        tracks.track_key,
        features.track_id as catalogue_track_id,
        features.pitch_class,
        features.time_signature,
        features.acousticness,
        features.danceability,
        features.energy,
        features.instrumentalness,
        features.liveness,
        features.loudness,
        features.speechiness,
        features.tempo,
        features.valence,
        features.is_major
    from tracks
    inner join features
        on tracks.catalogue_track_id = features.track_id

)

select * from final
