with

source as (

    select * from {{ source('spotify_api', 'top_artists') }}

),

renamed as (

    select
        listener,
        artist__id as artist_id,
        artist__uri as artist_uri,
        time_range,
        artist__name as artist_name,
        source.rank as item_rank,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
