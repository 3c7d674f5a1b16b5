with

source as (

    select * from {{ source('spotify_export', 'follows') }}

),

renamed as (

    select
        listener,
        file_sha256,
        relation,
        name as followed_name,
        file_row,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
