with

source as (

    select * from {{ source('spotify_api', 'followed_artists') }}

),

renamed as (

    select
        listener,
        artist__id as artist_id,
        artist__uri as artist_uri,
        artist__name as artist_name,
        position,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
