with

source as (

    select * from {{ source('spotify_export', 'import_problems') }}

),

renamed as (

    select
        file_key,
        listener,
        file_sha256,
        archive,
        member,
        reason,
        raw as raw_text,
        file_row,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
