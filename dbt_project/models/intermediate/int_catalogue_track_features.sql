with

features as (

    select * from {{ ref('stg_spotify_api__track_audio_features') }}
    where track_id is not null

),

ordered_features as (

    select
        *,
        row_number() over (partition by track_id order by observed_at desc, row_key) as observation_number
    from features

),

latest_features as (

    select
        track_id,
        pitch_class,
        time_signature,
        acousticness,
        danceability,
        energy,
        instrumentalness,
        liveness,
        loudness,
        speechiness,
        tempo,
        valence,
        mode = 1 as is_major
    from ordered_features
    where observation_number = 1

)

select * from latest_features
