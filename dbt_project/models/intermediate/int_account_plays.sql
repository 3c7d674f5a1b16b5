{{ config(materialized='view') }}

with

account_records as (

    select * from {{ ref('int_account_records') }}

),

account_history as (

    select * from {{ ref('stg_spotify_export__account_streaming_history') }}

),

plays as (

    select
        account_records.play_key,
        account_records.listener,
        case
            when account_history.show_name is not null then 'episode'
            when account_history.audiobook_name is not null then 'chapter'
            when coalesce(account_history.track_name, 'Unknown Track') = 'Unknown Track' then 'unknown'
            else 'track'
        end as content_type,
        cast(null as {{ dbt.type_string() }}) as track_id,
        cast(null as {{ dbt.type_string() }}) as episode_id,
        cast(null as {{ dbt.type_string() }}) as audiobook_id,
        cast(null as {{ dbt.type_string() }}) as chapter_id,
        nullif(account_history.track_name, 'Unknown Track') as track_name,
        nullif(account_history.artist_name, 'Unknown Artist') as artist_name,
        cast(null as {{ dbt.type_string() }}) as album_name,
        account_history.episode_name,
        account_history.show_name,
        account_history.audiobook_name,
        account_history.chapter_name,
        cast(null as {{ dbt.type_string() }}) as platform,
        cast(null as {{ dbt.type_string() }}) as conn_country,
        cast(null as {{ dbt.type_string() }}) as reason_start,
        cast(null as {{ dbt.type_string() }}) as reason_end,
        account_history.ms_played,
        cast(null as {{ dbt.type_boolean() }}) as is_shuffle,
        cast(null as {{ dbt.type_boolean() }}) as is_skipped,
        cast(null as {{ dbt.type_boolean() }}) as is_offline,
        cast(null as {{ dbt.type_boolean() }}) as is_incognito,
        -- retries show only in seconds, which account data lacks
        false as is_retry,
        account_records.is_covered,
        false as in_extended_export,
        true as in_account_export,
        cast(null as {{ type_zoned_timestamp() }}) as ts,
        account_records.ended_minute as ended_at,
        account_records.ended_month
    from account_records
    inner join account_history
        on
            account_records.listener = account_history.listener
            and account_records.file_sha256 = account_history.file_sha256
            and account_records.file_row = account_history.file_row
    where account_records.match_rule = 'first_record'

)

select * from plays
