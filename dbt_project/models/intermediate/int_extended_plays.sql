{{ config(materialized='view') }}

with

extended_records as (

    select * from {{ ref('int_extended_records') }}

),

extended_history as (

    select * from {{ ref('stg_spotify_export__streaming_history') }}

),

account_records as (

    select * from {{ ref('int_account_records') }}

),

import_files as (

    select * from {{ ref('stg_spotify_export__import_files') }}
    where status = 'loaded'

),

account_matches as (

    select distinct play_key from account_records
    where match_rule in ('same_minute_length_and_names', 'same_minute_and_length')

),

plays as (

    select
        extended_records.play_key,
        extended_records.listener,
        case
            when coalesce(extended_history.chapter_id, extended_history.audiobook_id) is not null then 'chapter'
            when coalesce(extended_history.episode_id, extended_history.episode_name) is not null then 'episode'
            when coalesce(extended_history.track_id, extended_history.track_name) is null then 'unknown'
            -- Spotify marks a music video only by the file that it is listed in
            when import_files.kind = 'extended_video' then 'video'
            else 'track'
        end as content_type,
        extended_history.track_id,
        extended_history.episode_id,
        extended_history.audiobook_id,
        extended_history.chapter_id,
        extended_history.track_name,
        extended_history.artist_name,
        extended_history.album_name,
        extended_history.episode_name,
        extended_history.show_name,
        extended_history.audiobook_name,
        extended_history.chapter_name,
        extended_history.platform,
        extended_history.conn_country,
        extended_history.reason_start,
        extended_history.reason_end,
        extended_history.ms_played,
        extended_history.is_shuffle,
        extended_history.is_skipped,
        extended_history.is_offline,
        extended_history.is_incognito,
        extended_records.is_retry,
        false as is_covered,
        true as in_extended_export,
        account_matches.play_key is not null as in_account_export,
        extended_history.ts,
        extended_history.ended_at,
        extended_records.ended_month
    from extended_records
    inner join extended_history
        on
            extended_records.listener = extended_history.listener
            and extended_records.file_sha256 = extended_history.file_sha256
            and extended_records.file_row = extended_history.file_row
    inner join import_files
        on
            extended_records.listener = import_files.listener
            and extended_records.file_sha256 = import_files.file_sha256
    left join account_matches
        on extended_records.play_key = account_matches.play_key
    where extended_records.match_rule = 'first_record'

)

select * from plays
