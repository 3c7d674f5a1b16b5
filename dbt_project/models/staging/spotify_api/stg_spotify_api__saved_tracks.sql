with

source as (

    select * from {{ source('spotify_api', 'saved_tracks') }}

),

renamed as (

    select
        listener,
        track__id as track_id,
        track__uri as track_uri,
        track__name as track_name,
        position,
        {{ utc_timestamp('added_at') }} as added_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
