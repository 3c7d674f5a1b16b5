with

source as (

    select * from {{ source('spotify_api', 'artists__genres') }}

),

renamed as (

    select
        _dlt_parent_id as parent_key,
        value as genre,
        _dlt_list_idx + 1 as genre_position
    from source

)

select * from renamed
