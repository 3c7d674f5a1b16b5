with

source as (

    select * from {{ source('spotify_export', 'marquee') }}

),

renamed as (

    select
        listener,
        file_sha256,
        artist_name,
        segment,
        file_row,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
