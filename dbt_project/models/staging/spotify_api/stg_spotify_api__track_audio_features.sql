with

source as (

    select * from {{ source('spotify_api', 'track_audio_features') }}

),

renamed as (

    select
        _dlt_id as row_key,
        id as track_id,
        acousticness,
        danceability,
        energy,
        instrumentalness,
        liveness,
        loudness,
        speechiness,
        tempo,
        valence,
        source.key as pitch_class,
        source.mode,
        time_signature,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
