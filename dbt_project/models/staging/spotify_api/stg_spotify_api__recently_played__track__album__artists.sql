with

source as (

    select * from {{ source('spotify_api', 'recently_played__track__album__artists') }}

),

renamed as (

    select
        _dlt_parent_id as parent_key,
        id as artist_id,
        name as artist_name,
        _dlt_list_idx + 1 as artist_position
    from source

)

select * from renamed
