with

source as (

    select * from {{ source('spotify_api', 'recently_played') }}

),

renamed as (

    select
        _dlt_id as row_key,
        listener,
        track__id as track_id,
        track__uri as track_uri,
        track__album__id as album_id,
        track__name as track_name,
        track__album__name as album_name,
        track__external_ids__isrc as isrc,
        context__type as context_type,
        context__uri as context_uri,
        track__duration_ms as duration_ms,
        {{ utc_timestamp('played_at') }} as played_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
