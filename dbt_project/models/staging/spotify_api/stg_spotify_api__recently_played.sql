with

source as (

    select * from {{ source('spotify_api', 'recently_played') }}

),

first_artists as (

    select
        _dlt_parent_id,
        name
    from {{ source('spotify_api', 'recently_played__track__artists') }}
    where _dlt_list_idx = 0

),

first_album_artists as (

    select
        _dlt_parent_id,
        name
    from {{ source('spotify_api', 'recently_played__track__album__artists') }}
    where _dlt_list_idx = 0

),

renamed as (

    select
        source._dlt_id as row_key,
        source.listener,
        source.track__id as track_id,
        source.track__uri as track_uri,
        source.track__album__id as album_id,
        source.track__name as track_name,
        first_artists.name as artist_name,
        source.track__album__name as album_name,
        first_album_artists.name as album_artist_name,
        source.track__external_ids__isrc as isrc,
        source.context__type as context_type,
        source.context__uri as context_uri,
        source.track__duration_ms as duration_ms,
        {{ utc_timestamp('source.played_at') }} as played_at,
        {{ utc_timestamp('source.observed_at') }} as observed_at
    from source
    left join first_artists
        on source._dlt_id = first_artists._dlt_parent_id
    left join first_album_artists
        on source._dlt_id = first_album_artists._dlt_parent_id

)

select * from renamed
