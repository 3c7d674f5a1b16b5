with

source as (

    select * from {{ source('spotify_api', 'saved_shows') }}

),

renamed as (

    select
        listener,
        show__id as show_id,
        show__uri as show_uri,
        show__name as show_name,
        position,
        {{ utc_timestamp('added_at') }} as added_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
