{{ config(materialized='view') }}

with

extended_plays as (

    select * from {{ ref('int_extended_plays') }}

),

account_plays as (

    select * from {{ ref('int_account_plays') }}

),

api_records as (

    select * from {{ ref('int_api_records') }}
    where exported_play_key is not null

),

api_plays as (

    select * from {{ ref('int_api_plays') }}

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

exported_plays as (

    select * from extended_plays
    union all
    select * from account_plays

),

all_plays as (

    select
        coalesce(api_records.play_key, exported_plays.play_key) as play_key,
        exported_plays.listener,
        exported_plays.content_type,
        coalesce(exported_plays.track_id, api_records.track_id) as track_id,
        exported_plays.episode_id,
        exported_plays.audiobook_id,
        exported_plays.chapter_id,
        exported_plays.track_name,
        exported_plays.artist_name,
        coalesce(exported_plays.album_name, api_records.album_name) as album_name,
        exported_plays.episode_name,
        exported_plays.show_name,
        exported_plays.audiobook_name,
        exported_plays.chapter_name,
        exported_plays.platform,
        exported_plays.conn_country,
        exported_plays.reason_start,
        exported_plays.reason_end,
        api_records.context_type,
        api_records.context_uri,
        exported_plays.ms_played,
        cast(null as {{ dbt.type_bigint() }}) as estimated_ms_played,
        exported_plays.is_shuffle,
        exported_plays.is_skipped,
        exported_plays.is_offline,
        exported_plays.is_incognito,
        exported_plays.is_retry,
        exported_plays.is_covered,
        exported_plays.in_extended_export,
        exported_plays.in_account_export,
        api_records.play_key is not null as in_api,
        -- account data knows the minute, the API the millisecond
        case
            when exported_plays.in_extended_export then exported_plays.ended_at
            when {{ dbt.date_trunc('minute', 'api_records.played_at') }} = exported_plays.ended_at
                then api_records.played_at
            else exported_plays.ended_at
        end as ended_at,
        exported_plays.ended_month
    from exported_plays
    left join api_records
        on exported_plays.play_key = api_records.exported_play_key

    union all

    select
        play_key,
        listener,
        case when coalesce(track_id, track_name) is null then 'unknown' else 'track' end as content_type,
        track_id,
        cast(null as {{ dbt.type_string() }}) as episode_id,
        cast(null as {{ dbt.type_string() }}) as audiobook_id,
        cast(null as {{ dbt.type_string() }}) as chapter_id,
        track_name,
        artist_name,
        album_name,
        cast(null as {{ dbt.type_string() }}) as episode_name,
        cast(null as {{ dbt.type_string() }}) as show_name,
        cast(null as {{ dbt.type_string() }}) as audiobook_name,
        cast(null as {{ dbt.type_string() }}) as chapter_name,
        cast(null as {{ dbt.type_string() }}) as platform,
        cast(null as {{ dbt.type_string() }}) as conn_country,
        cast(null as {{ dbt.type_string() }}) as reason_start,
        cast(null as {{ dbt.type_string() }}) as reason_end,
        context_type,
        context_uri,
        cast(null as {{ dbt.type_bigint() }}) as ms_played,
        estimated_ms_played,
        cast(null as {{ dbt.type_boolean() }}) as is_shuffle,
        cast(null as {{ dbt.type_boolean() }}) as is_skipped,
        cast(null as {{ dbt.type_boolean() }}) as is_offline,
        cast(null as {{ dbt.type_boolean() }}) as is_incognito,
        false as is_retry,
        false as is_covered,
        false as in_extended_export,
        false as in_account_export,
        true as in_api,
        played_at as ended_at,
        ended_month
    from api_plays

),

named_plays as (

    -- an artist goes by one name, whatever it was called when
    select
        all_plays.play_key,
        all_plays.listener,
        all_plays.content_type,
        all_plays.track_id,
        all_plays.episode_id,
        all_plays.audiobook_id,
        all_plays.chapter_id,
        all_plays.track_name,
        coalesce(artist_names.current_name, all_plays.artist_name) as artist_name,
        all_plays.album_name,
        all_plays.episode_name,
        all_plays.show_name,
        all_plays.audiobook_name,
        all_plays.chapter_name,
        all_plays.platform,
        all_plays.conn_country,
        all_plays.reason_start,
        all_plays.reason_end,
        all_plays.context_type,
        all_plays.context_uri,
        all_plays.ms_played,
        all_plays.estimated_ms_played,
        coalesce(all_plays.ms_played, all_plays.estimated_ms_played, 0) as listened_ms,
        all_plays.is_shuffle,
        all_plays.is_skipped,
        all_plays.is_offline,
        all_plays.is_incognito,
        all_plays.is_retry,
        all_plays.is_covered,
        all_plays.in_extended_export,
        all_plays.in_account_export,
        all_plays.in_api,
        all_plays.ended_at,
        all_plays.ended_month
    from all_plays
    left join artist_names
        on all_plays.artist_name = artist_names.artist_name

)

select * from named_plays
