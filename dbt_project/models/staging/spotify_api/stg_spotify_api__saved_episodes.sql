with

source as (

    select * from {{ source('spotify_api', 'saved_episodes') }}

),

renamed as (

    select
        listener,
        episode__id as episode_id,
        episode__uri as episode_uri,
        episode__name as episode_name,
        position,
        {{ utc_timestamp('added_at') }} as added_at,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
