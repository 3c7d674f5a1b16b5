with

source as (

    select * from {{ source('spotify_api', 'top_tracks') }}

),

renamed as (

    select
        listener,
        track__id as track_id,
        track__uri as track_uri,
        time_range,
        track__name as track_name,
        source.rank as item_rank,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
