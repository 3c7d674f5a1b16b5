with

source as (

    select * from {{ source('spotify_api', 'shows') }}

),

renamed as (

    select
        _dlt_id as row_key,
        id as show_id,
        name as show_name,
        publisher as publisher_name,
        total_episodes as episode_count,
        explicit as is_explicit,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
