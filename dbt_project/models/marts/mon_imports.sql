with

import_files as (

    select * from {{ ref('stg_spotify_export__import_files') }}

),

final as (

    select
        file_key,
        listener,
        file_sha256,
        archive,
        member,
        kind,
        status,
        reason,
        byte_count,
        row_count,
        problem_count,
        first_ended_at,
        last_ended_at,
        loaded_at
    from import_files

)

select * from final
