{{
    config(
        materialized='incremental',
        meta={'periods': ['utc_month']},
    )
}}

with

months as (

    {{ stale_periods('utc_month') }}

),

all_plays as (

    select * from {{ ref('int_plays') }}
    where {{ within_months('ended_month', stale_months()) }}

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

excluded_artists as (

    select * from {{ ref('int_exclusions') }}
    where kind = 'artist'

),

excluded_tracks as (

    select * from {{ ref('int_exclusions') }}
    where kind = 'track'

),

excluded_playlists as (

    select * from {{ ref('int_exclusions') }}
    where kind = 'playlist'

),

excluded_hours as (

    select * from {{ ref('int_exclusions') }}
    where kind = 'hour'

),

plays as (

    select
        all_plays.*,
        -- from 2015 to October 2022 Spotify noted no skip: a month without one tells nothing of skips
        all_plays.is_skipped is not null and max(case when all_plays.is_skipped then 1 else 0 end)
            over (partition by all_plays.listener, all_plays.ended_month)
        = 1 as is_skip_known,
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
        cast(extract(hour from ended_at_local) as {{ dbt.type_int() }}) as hour,
        content_type in ('track', 'video') and coalesce(track_id, track_name) is not null as is_music
    from local_plays

),

judged_plays as (

    select
        dated_plays.*,
        case
            when dated_plays.is_retry and not {{ var('count_retries') }} then 'retry'
            when dated_plays.is_covered then 'covered_by_extended_history'
            when dated_plays.content_type not in ('{{ var("counted_content_types") | join("', '") }}')
                then 'content_type'
            when dated_plays.is_incognito and not {{ var('count_private_sessions') }} then 'private_session'
            when excluded_artists.listener is not null then 'excluded_artist'
            when excluded_tracks.listener is not null then 'excluded_track'
            when excluded_playlists.listener is not null then 'excluded_playlist'
            when excluded_hours.listener is not null then 'excluded_hour'
            when dated_plays.listened_ms < {{ var('min_play_ms') }}
                then 'under_{{ var("min_play_ms") // 1000 }}_seconds'
        end as exclusion_reason
    from dated_plays
    left join excluded_artists
        on
            dated_plays.listener = excluded_artists.listener
            and dated_plays.artist_name = excluded_artists.excluded
    left join excluded_tracks
        on
            dated_plays.listener = excluded_tracks.listener
            and dated_plays.track_id = excluded_tracks.excluded
    left join excluded_playlists
        on
            dated_plays.listener = excluded_playlists.listener
            and dated_plays.context_uri = excluded_playlists.excluded
    left join excluded_hours
        on
            dated_plays.listener = excluded_hours.listener
            and cast(dated_plays.hour as {{ dbt.type_string() }}) = excluded_hours.excluded

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
        hour,
        exclusion_reason is null as is_counted,
        is_shuffle,
        is_skipped,
        is_skip_known,
        is_offline,
        is_incognito,
        in_extended_export,
        in_account_export,
        in_api,
        listening_date,
        -- some warehouses subtract 32 bits of milliseconds and no more; no play lasts for a day
        {{ dbt.dateadd(
            'millisecond',
            '-case when listened_ms > 86400000 then 86400000 else listened_ms end',
            'ended_at',
        ) }} as started_at,
        ended_at,
        ended_at_local,
        ended_month,
        input_key
    from judged_plays

)

select * from final
