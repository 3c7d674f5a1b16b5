{{ config(materialized='view') }}

with

extended_records as (

    select * from {{ ref('int_extended_records') }}

),

account_records as (

    select * from {{ ref('int_account_records') }}

),

api_records as (

    select * from {{ ref('int_api_records') }}

),

api_matches as (

    select
        exported_play_key,
        play_key
    from api_records
    where exported_play_key is not null

),

exported_records as (

    select
        play_key,
        listener,
        file_sha256,
        'streaming_history' as record_kind,
        match_rule,
        file_row
    from extended_records

    union all

    select
        play_key,
        listener,
        file_sha256,
        'account_streaming_history' as record_kind,
        match_rule,
        file_row
    from account_records

),

final as (

    select
        coalesce(api_matches.play_key, exported_records.play_key) as play_key,
        exported_records.listener,
        exported_records.file_sha256,
        cast(null as {{ dbt.type_string() }}) as track_id,
        exported_records.record_kind,
        exported_records.match_rule,
        exported_records.file_row,
        cast(null as {{ dbt.type_bigint() }}) as match_seconds,
        cast(null as {{ dbt.type_timestamp() }}) as played_at
    from exported_records
    left join api_matches
        on exported_records.play_key = api_matches.exported_play_key

    union all

    select
        play_key,
        listener,
        cast(null as {{ dbt.type_string() }}) as file_sha256,
        track_id,
        'recently_played' as record_kind,
        match_rule,
        cast(null as {{ dbt.type_bigint() }}) as file_row,
        match_seconds,
        played_at
    from api_records

)

select * from final
