{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ delete_stale_periods('utc_month') }}",
    )
}}

with

months as (

    {{ stale_periods('utc_month') }}

),

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

listener_time_zones as (

    select * from {{ ref('int_listener_time_zones') }}

),

country_time_zones as (

    select * from {{ ref('country_time_zones') }}

),

utc_offsets as (

    select * from {{ ref('int_utc_offsets') }}

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
        'track' as content_type,
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

plays as (

    select
        all_plays.*,
        coalesce(all_plays.ms_played, all_plays.estimated_ms_played, 0) as listened_ms,
        months.input_key
    from all_plays
    inner join months
        on
            all_plays.listener = months.listener
            and all_plays.ended_month = months.ended_month

),

zoned_plays as (

    select
        plays.*,
        coalesce(country_time_zones.time_zone, listener_time_zones.time_zone) as time_zone
    from plays
    inner join listener_time_zones
        on
            plays.listener = listener_time_zones.listener
            and plays.ended_at >= listener_time_zones.valid_from
            and plays.ended_at < listener_time_zones.valid_until
    left join country_time_zones
        on
            plays.conn_country = country_time_zones.country_code
            and {{ var('use_country_time_zones') }}

),

local_plays as (

    select
        zoned_plays.*,
        {{ dbt.dateadd(
            'second',
            'case when zoned_plays.ended_at < utc_offsets.changes_at then utc_offsets.offset_seconds '
            ~ 'else utc_offsets.next_offset_seconds end',
            'zoned_plays.ended_at',
        ) }} as ended_at_local
    from zoned_plays
    inner join utc_offsets
        on
            zoned_plays.time_zone = utc_offsets.time_zone
            and cast(zoned_plays.ended_at as date) = utc_offsets.utc_date

),

dated_plays as (

    select
        *,
        cast(ended_at_local as date) as listening_date,
        {{ iso_weekday('ended_at_local') }} as dow,
        content_type in ('track', 'video') and coalesce(track_id, track_name) is not null as is_music
    from local_plays

),

judged_plays as (

    select
        *,
        case
            when is_retry and not {{ var('count_retries') }} then 'retry'
            when is_covered then 'covered_by_extended_history'
            when content_type not in ('{{ var("counted_content_types") | join("', '") }}') then 'content_type'
            when is_incognito and not {{ var('count_private_sessions') }} then 'private_session'
            when listened_ms < {{ var('min_play_ms') }} then 'under_{{ var("min_play_ms") // 1000 }}_seconds'
        end as exclusion_reason
    from dated_plays

),

final as (

    select
        play_key,
        listener,
        content_type,
        case
            when is_music then {{ track_key('track_id', 'artist_name', 'track_name') }}
        end as track_key,
        case when is_music and artist_name is not null then {{ hash_key(['artist_name']) }} end as artist_key,
        case
            when is_music and album_name is not null then {{ hash_key(['artist_name', 'album_name']) }}
        end as album_key,
        track_id,
        episode_id,
        audiobook_id,
        chapter_id,
        track_name,
        artist_name,
        album_name,
        episode_name,
        show_name,
        audiobook_name,
        chapter_name,
        platform,
        conn_country,
        reason_start,
        reason_end,
        exclusion_reason,
        time_zone,
        context_type,
        context_uri,
        {{ year_month('listening_date') }} as year_month,
        {{ weekday_name('dow') }} as dow_name,
        ms_played,
        estimated_ms_played,
        listened_ms,
        cast(extract(year from listening_date) as {{ dbt.type_int() }}) as year,
        cast(extract(month from listening_date) as {{ dbt.type_int() }}) as month,
        dow,
        cast(extract(hour from ended_at_local) as {{ dbt.type_int() }}) as hour,
        exclusion_reason is null as is_counted,
        is_shuffle,
        is_skipped,
        is_offline,
        is_incognito,
        in_extended_export,
        in_account_export,
        in_api,
        listening_date,
        {{ dbt.dateadd('millisecond', '-listened_ms', 'ended_at') }} as started_at,
        ended_at,
        ended_at_local,
        ended_month,
        input_key
    from judged_plays

)

select * from final
