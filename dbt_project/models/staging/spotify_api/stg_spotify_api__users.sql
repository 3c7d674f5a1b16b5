with

source as (

    select * from {{ source('spotify_api', 'users') }}

),

renamed as (

    select
        _dlt_id as row_key,
        listener,
        account_id,
        id as user_id,
        display_name,
        country,
        product,
        followers__total as follower_count,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
