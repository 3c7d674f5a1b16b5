with

source as (

    select * from {{ source('spotify_api', 'artists') }}

),

renamed as (

    select
        _dlt_id as row_key,
        id as artist_id,
        name as artist_name,
        popularity,
        followers__total as follower_count,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
