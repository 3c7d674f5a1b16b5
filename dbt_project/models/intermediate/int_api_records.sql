{{
    config(
        materialized='incremental',
        meta={'periods': ['utc_month']},
    )
}}

{%- set polled_months = 'select ' ~ month_of('played_at') ~ ' from ' ~ ref('stg_spotify_api__recently_played') -%}
{%- set stale = stale_months(among=polled_months) -%}
{%- set next_days_month = month_of(dbt.dateadd('day', 1, 'played_at')) -%}
{%- set last_days_month = month_of(dbt.dateadd('day', -1, 'played_at')) -%}

with

months as (

    {{ stale_periods('utc_month') }}

),

api_history as (

    select
        *,
        -- a local file has no id, but a URI
        {{ hash_key(["listener", "'api'", timestamp_text('played_at'), "coalesce(track_id, track_uri)"]) }} as play_key,
        {{ month_of('played_at') }} as ended_month
    from {{ ref('stg_spotify_api__recently_played') }}

),

same_recordings as (

    select * from {{ ref('int_same_recordings') }}

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

exported_plays as (

    select
        play_key,
        listener,
        track_id,
        artist_name,
        track_name,
        'extended' as export,
        ended_at
    from {{ ref('int_extended_plays') }}
    where
        track_name is not null
        and not is_retry
        and {{ within_months('ended_month', stale, months_around=1) }}
        and {{ within_months('ts', stale, months_around=1, data_type=type_zoned_timestamp()) }}

    union all

    select
        play_key,
        listener,
        track_id,
        artist_name,
        track_name,
        'account' as export,
        ended_at
    from {{ ref('int_account_plays') }}
    where
        track_name is not null
        and not is_covered
        and {{ within_months('ended_month', stale, months_around=1) }}

),

api_records_by_month as (

    select
        *,
        ended_month as computed_month
    from api_history

    union all

    -- the day on either side of a month as well, where one play may end in the API and the other in
    -- the export; dropped at the end
    select
        *,
        {{ next_days_month }} as computed_month
    from api_history
    where {{ next_days_month }} != ended_month

    union all

    select
        *,
        {{ last_days_month }} as computed_month
    from api_history
    where {{ last_days_month }} != ended_month

),

api_records as (

    select
        api_records_by_month.*,
        months.input_key
    from api_records_by_month
    inner join months
        on
            api_records_by_month.listener = months.listener
            and api_records_by_month.computed_month = months.ended_month

),

numbers as (

    {{ dbt.generate_series(3) }}

),

api_hours as (

    -- the hour of the play and those beside it: what ended within half an hour is in one of them
    select
        api_records.computed_month,
        api_records.play_key,
        api_records.listener,
        api_records.track_id,
        {{ lower_case('coalesce(artist_names.current_name, api_records.artist_name)') }} as artist_name,
        {{ lower_case('coalesce(album_artist_names.current_name, api_records.album_artist_name)') }}
            as album_artist_name,
        {{ plain_title('api_records.track_name') }} as plain_title,
        api_records.played_at,
        {{ dbt.dateadd(
            'hour', 'numbers.generated_number - 2', dbt.date_trunc('hour', 'api_records.played_at'),
        ) }} as ended_hour
    from api_records
    cross join numbers
    left join artist_names
        on api_records.artist_name = artist_names.artist_name
    left join artist_names as album_artist_names
        on api_records.album_artist_name = album_artist_names.artist_name

),

near_plays as (

    select
        exported_plays.play_key,
        exported_plays.listener,
        exported_plays.track_id,
        {{ lower_case('coalesce(artist_names.current_name, exported_plays.artist_name)') }} as artist_name,
        {{ plain_title('exported_plays.track_name') }} as plain_title,
        exported_plays.export,
        exported_plays.ended_at,
        {{ dbt.date_trunc('hour', 'exported_plays.ended_at') }} as ended_hour
    from exported_plays
    left join artist_names
        on exported_plays.artist_name = artist_names.artist_name

),

pairs_by_track as (

    select
        api_hours.computed_month,
        api_hours.play_key as left_key,
        near_plays.play_key as right_key,
        'same_track' as likeness,
        near_plays.export,
        {{ dbt.datediff('api_hours.played_at', 'near_plays.ended_at', 'second') }} as seconds
    from api_hours
    inner join near_plays
        on
            api_hours.listener = near_plays.listener
            and api_hours.ended_hour = near_plays.ended_hour
            and api_hours.track_id = near_plays.track_id

),

pairs_by_recording as (

    select
        api_hours.computed_month,
        api_hours.play_key as left_key,
        near_plays.play_key as right_key,
        'same_recording' as likeness,
        near_plays.export,
        {{ dbt.datediff('api_hours.played_at', 'near_plays.ended_at', 'second') }} as seconds
    from api_hours
    inner join same_recordings
        on api_hours.track_id = same_recordings.track_id
    inner join near_plays
        on
            api_hours.listener = near_plays.listener
            and api_hours.ended_hour = near_plays.ended_hour
            and same_recordings.other_track_id = near_plays.track_id

),

pairs_by_names as (

    -- the export names the artist of the album, the API that of the track as well; guests are in the
    -- title of one release and not of another
    select
        api_hours.computed_month,
        api_hours.play_key as left_key,
        near_plays.play_key as right_key,
        'same_names' as likeness,
        near_plays.export,
        {{ dbt.datediff('api_hours.played_at', 'near_plays.ended_at', 'second') }} as seconds
    from api_hours
    inner join near_plays
        on
            api_hours.listener = near_plays.listener
            and api_hours.ended_hour = near_plays.ended_hour
            and api_hours.plain_title = near_plays.plain_title
    where
        near_plays.artist_name in (api_hours.artist_name, api_hours.album_artist_name)
        and coalesce(near_plays.track_id != api_hours.track_id, true)

),

pairs as (

    -- account data gives the minute in which a play ended: all of its seconds are equally near
    select
        computed_month,
        left_key,
        right_key,
        likeness,
        export,
        case
            when export = 'account' and seconds between -59 and 0 then 0
            when export = 'account' and seconds < 0 then seconds + 59
            else seconds
        end as seconds
    from (
        select * from pairs_by_track
        union all
        select * from pairs_by_recording
        union all
        select * from pairs_by_names
    ) as all_pairs

),

ordered_pairs as (

    -- exact before approximate, the exact export before the coarse one, ids before ISRC before names;
    -- of the approximate the export is the later in 92 of 100, so an earlier one is ten times as far
    select
        *,
        case when abs(seconds) <= 2 then 0 else 400000 end
        + case when export = 'extended' then 0 else 200000 end
        + case likeness when 'same_track' then 0 when 'same_recording' then 50000 else 100000 end
        + case when seconds < -2 then -10 * seconds else abs(seconds) end as distance
    from pairs
    where abs(seconds) <= 1800

),

first_choices as (

    {{ mutually_nearest('ordered_pairs') }}

),

pairs_left as (

    {{ pairs_without('ordered_pairs', 'first_choices') }}

),

second_choices as (

    {{ mutually_nearest('pairs_left') }}

),

pairs_left_still as (

    {{ pairs_without('pairs_left', 'second_choices') }}

),

third_choices as (

    {{ mutually_nearest('pairs_left_still') }}

),

matches as (

    select * from first_choices
    union all
    select * from second_choices
    union all
    select * from third_choices

),

decided_records as (

    select
        api_records.listener,
        api_records.play_key,
        matches.right_key as exported_play_key,
        api_records.row_key,
        api_records.track_id,
        api_records.album_name,
        case
            when matches.likeness is null then 'first_record'
            when abs(matches.seconds) > 2 then {{ dbt.concat(['matches.likeness', "'_nearby'"]) }}
            when matches.export = 'account' then {{ dbt.concat(['matches.likeness', "'_and_minute'"]) }}
            else {{ dbt.concat(['matches.likeness', "'_and_second'"]) }}
        end as match_rule,
        api_records.context_type,
        api_records.context_uri,
        api_records.input_key,
        cast(matches.seconds as {{ dbt.type_bigint() }}) as match_seconds,
        api_records.ended_month,
        api_records.played_at
    from api_records
    left join matches
        on
            api_records.computed_month = matches.computed_month
            and api_records.play_key = matches.left_key
    where api_records.ended_month = api_records.computed_month

)

select * from decided_records
