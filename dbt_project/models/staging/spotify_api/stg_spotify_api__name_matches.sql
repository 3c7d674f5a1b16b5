with

source as (

    select * from {{ source('spotify_api', 'name_matches') }}

),

renamed as (

    select
        track_id,
        artist_name,
        track_name,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
