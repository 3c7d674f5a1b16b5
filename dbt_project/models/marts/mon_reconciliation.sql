with

import_files as (

    select * from {{ ref('stg_spotify_export__import_files') }}
    where
        status = 'loaded'
        and kind in ('extended_audio', 'extended_video', 'account_music', 'account_podcast', 'account_audiobook')

),

raw_rows as (

    select
        listener,
        file_sha256,
        count(*) as row_count
    from {{ ref('stg_spotify_export__streaming_history') }}
    group by listener, file_sha256

    union all

    select
        listener,
        file_sha256,
        count(*) as row_count
    from {{ ref('stg_spotify_export__account_streaming_history') }}
    group by listener, file_sha256

),

records as (

    select
        listener,
        file_sha256,
        count(*) as row_count,
        sum(case when match_rule = 'first_record' then 1 else 0 end) as play_count
    from {{ ref('bridge_play_records') }}
    group by listener, file_sha256

),

final as (

    select
        import_files.listener,
        import_files.file_sha256,
        import_files.archive,
        import_files.member,
        import_files.kind,
        import_files.row_count as file_row_count,
        import_files.problem_count,
        coalesce(raw_rows.row_count, 0) as raw_row_count,
        coalesce(records.row_count, 0) as record_count,
        cast(coalesce(records.play_count, 0) as {{ dbt.type_bigint() }}) as play_count,
        import_files.row_count = coalesce(raw_rows.row_count, 0)
        and import_files.row_count = coalesce(records.row_count, 0) as is_reconciled
    from import_files
    left join raw_rows
        on
            import_files.listener = raw_rows.listener
            and import_files.file_sha256 = raw_rows.file_sha256
    left join records
        on
            import_files.listener = records.listener
            and import_files.file_sha256 = records.file_sha256

)

select * from final
