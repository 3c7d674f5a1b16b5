with

source as (

    select * from {{ source('spotify_api', 'albums') }}

),

renamed as (

    select
        _dlt_id as row_key,
        id as album_id,
        external_ids__upc as upc,
        name as album_name,
        album_type,
        label,
        release_date_precision,
        release_date as released_on,
        total_tracks as album_track_count,
        popularity,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
