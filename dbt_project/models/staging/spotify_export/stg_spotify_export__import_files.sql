with

source as (

    select * from {{ source('spotify_export', 'import_files') }}

),

renamed as (

    select
        file_key,
        listener,
        file_sha256,
        archive,
        member,
        kind,
        status,
        reason,
        bytes as byte_count,
        {{ raw_column('rows') }} as row_count,
        problem_rows as problem_count,
        {{ utc_timestamp('first_at') }} as first_ended_at,
        {{ utc_timestamp('last_at') }} as last_ended_at,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
