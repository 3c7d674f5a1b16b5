with

source as (

    select * from {{ source('spotify_api', 'tracks') }}

),

renamed as (

    select
        _dlt_id as row_key,
        id as track_id,
        album__id as album_id,
        external_ids__isrc as isrc,
        name as track_name,
        album__name as album_name,
        album__album_type as album_type,
        album__release_date_precision as release_date_precision,
        album__release_date as released_on,
        album__total_tracks as album_track_count,
        disc_number,
        track_number,
        duration_ms,
        popularity,
        explicit as is_explicit,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
