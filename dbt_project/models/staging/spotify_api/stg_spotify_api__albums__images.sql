with

source as (

    select * from {{ source('spotify_api', 'albums__images') }}

),

renamed as (

    select
        _dlt_parent_id as parent_key,
        url as image_url,
        _dlt_list_idx + 1 as image_position
    from source

)

select * from renamed
