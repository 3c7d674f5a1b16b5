{{
    config(
        materialized='incremental',
        meta={'periods': ['utc_month']},
    )
}}

{#- Rows alike in all of these are the same row written twice; `skipped` and the names are not
    among them, because a later export fills in the one and corrects the other. -#}
{%- set stale = stale_months() -%}
{%- set likeness = 'offline_epoch_seconds, reason_start, reason_end, platform, is_shuffle, is_offline, is_incognito' -%}

with

months as (

    {{ stale_periods('utc_month') }}

),

history as (

    select
        listener,
        file_sha256,
        file_row,
        ended_month,
        ended_at,
        ms_played,
        offline_epoch_seconds,
        reason_start,
        reason_end,
        platform,
        is_shuffle,
        is_skipped,
        is_offline,
        is_incognito,
        coalesce(
            track_id,
            episode_id,
            chapter_id,
            case when track_uri like 'spotify:local:%' then track_uri end,
            {{ dbt.concat(['artist_name', "'|'", 'track_name']) }},
            {{ dbt.concat(['show_name', "'|'", 'episode_name']) }}
        ) as item,
        coalesce(track_id, episode_id, chapter_id) is not null as has_id,
        coalesce(artist_name, show_name) as creator,
        coalesce(track_name, episode_name) as title
    from {{ ref('stg_spotify_export__streaming_history') }}
    where {{ within_months('ts', stale, months_around=1, data_type=type_zoned_timestamp()) }}

),

disputed_ends as (

    select
        listener,
        ended_at,
        ms_played
    from history
    where ms_played > 0
    group by listener, ended_at, ms_played
    having min(item) != max(item)

),

disputed_records as (

    select
        history.listener,
        history.file_sha256,
        history.file_row,
        history.ended_at,
        history.ms_played,
        history.item,
        history.has_id,
        {{ lower_case('history.creator') }} as creator,
        {{ lower_case('history.title') }} as title
    from history
    inner join disputed_ends
        on
            history.listener = disputed_ends.listener
            and history.ended_at = disputed_ends.ended_at
            and history.ms_played = disputed_ends.ms_played
    where history.creator is not null and history.title is not null

),

settled_ends as (

    -- another export may give another id to a play, or none; two items in one file are two plays
    select
        listener,
        ended_at,
        ms_played,
        creator,
        title
    from disputed_records
    group by listener, ended_at, ms_played, creator, title
    having
        count(distinct item) > 1
        and count(distinct {{ dbt.concat(['file_sha256', 'item']) }}) = count(distinct file_sha256)

),

settled_records as (

    select
        disputed_records.listener,
        disputed_records.file_sha256,
        disputed_records.file_row,
        first_value(disputed_records.item) over (
            partition by
                disputed_records.listener,
                disputed_records.ended_at,
                disputed_records.ms_played,
                disputed_records.creator,
                disputed_records.title
            order by
                case when disputed_records.has_id then 0 else 1 end,
                disputed_records.file_sha256,
                disputed_records.file_row
        ) as item
    from disputed_records
    inner join settled_ends
        on
            disputed_records.listener = settled_ends.listener
            and disputed_records.ended_at = settled_ends.ended_at
            and disputed_records.ms_played = settled_ends.ms_played
            and disputed_records.creator = settled_ends.creator
            and disputed_records.title = settled_ends.title

),

settled_history as (

    select
        history.listener,
        history.file_sha256,
        history.file_row,
        history.ended_month,
        history.ended_at,
        history.ms_played,
        history.offline_epoch_seconds,
        history.reason_start,
        history.reason_end,
        history.platform,
        history.is_shuffle,
        history.is_skipped,
        history.is_offline,
        history.is_incognito,
        history.has_id,
        coalesce(settled_records.item, history.item) as item
    from history
    left join settled_records
        on
            history.listener = settled_records.listener
            and history.file_sha256 = settled_records.file_sha256
            and history.file_row = settled_records.file_row

),

records as (

    select
        settled_history.*,
        months.ended_month as computed_month,
        months.input_key
    from settled_history
    inner join months
        on
            settled_history.listener = months.listener
            and settled_history.ended_month = months.ended_month

    union all

    -- the day before, since a retry may follow just after midnight; dropped at the end
    select
        settled_history.*,
        months.ended_month as computed_month,
        months.input_key
    from settled_history
    inner join months
        on
            settled_history.listener = months.listener
            and settled_history.ended_month = {{ month_of(dbt.dateadd('month', -1, 'months.ended_month')) }}
    where settled_history.ended_at >= {{ dbt.dateadd('day', -1, 'months.ended_month') }}

),

unnamed_records as (

    select distinct
        listener,
        computed_month,
        ended_at,
        ms_played
    from records
    where item is null and ms_played > 0

),

recovered_items as (

    -- a later export may have forgotten the item of a play that an earlier one still names
    select
        records.listener,
        records.computed_month,
        records.ended_at,
        records.ms_played,
        min(records.item) as item
    from records
    inner join unnamed_records
        on
            records.listener = unnamed_records.listener
            and records.computed_month = unnamed_records.computed_month
            and records.ended_at = unnamed_records.ended_at
            and records.ms_played = unnamed_records.ms_played
    group by records.listener, records.computed_month, records.ended_at, records.ms_played
    having count(distinct records.item) = 1

),

identified_records as (

    select
        records.listener,
        records.file_sha256,
        records.file_row,
        records.computed_month,
        records.ended_month,
        records.ended_at,
        records.ms_played,
        records.offline_epoch_seconds,
        records.reason_start,
        records.reason_end,
        records.platform,
        records.is_shuffle,
        records.is_skipped,
        records.is_offline,
        records.is_incognito,
        records.input_key,
        case
            when records.has_id then 1
            when records.item is not null then 2
            else 3
        end as item_rank,
        coalesce(records.item, recovered_items.item, '') as item
    from records
    left join recovered_items
        on
            records.listener = recovered_items.listener
            and records.computed_month = recovered_items.computed_month
            and records.ended_at = recovered_items.ended_at
            and records.ms_played = recovered_items.ms_played

),

repeated_ends as (

    -- nearly every record is alone with its end, length and item: only the rest has to be told apart
    select
        computed_month,
        listener,
        ended_at,
        ms_played,
        item
    from identified_records
    group by computed_month, listener, ended_at, ms_played, item
    having count(*) > 1

),

numbered_records as (

    -- one file may hold two plays of one item with the same end and length (synced from offline);
    -- they differ in something else, unlike a row that was written twice
    select
        *,
        dense_rank() over (
            partition by computed_month, listener, file_sha256, ended_at, ms_played, item
            order by {{ likeness }}
        ) as occurrence,
        row_number() over (
            partition by computed_month, listener, file_sha256, ended_at, ms_played, item, {{ likeness }}
            order by file_row
        ) as writing
    from identified_records
    where exists (
        select 1 from repeated_ends
        where
            repeated_ends.computed_month = identified_records.computed_month
            and repeated_ends.listener = identified_records.listener
            and repeated_ends.ended_at = identified_records.ended_at
            and repeated_ends.ms_played = identified_records.ms_played
            and repeated_ends.item = identified_records.item
    )

),

ranked_records as (

    -- of the records of one play, the one that says most stands for it: not the latest loaded, so
    -- that the order of loading does not matter
    select
        *,
        row_number() over (
            partition by computed_month, listener, ended_at, ms_played, item, occurrence
            order by
                item_rank,
                case when is_skipped is null then 1 else 0 end,
                writing,
                file_sha256,
                file_row
        ) as record_rank
    from numbered_records

    union all

    select
        identified_records.*,
        1 as occurrence,
        1 as writing,
        1 as record_rank
    from identified_records
    where not exists (
        select 1 from repeated_ends
        where
            repeated_ends.computed_month = identified_records.computed_month
            and repeated_ends.listener = identified_records.listener
            and repeated_ends.ended_at = identified_records.ended_at
            and repeated_ends.ms_played = identified_records.ms_played
            and repeated_ends.item = identified_records.item
    )

),

records_with_gap as (

    select
        *,
        {{ dbt.datediff(
            'lag(ended_at) over (partition by computed_month, listener, item, ms_played, reason_start, '
            ~ 'reason_end, offline_epoch_seconds, record_rank order by ended_at, occurrence)',
            'ended_at', 'second',
        ) }} as seconds_since_alike
    from ranked_records

),

decided_records as (

    select
        listener,
        file_sha256,
        {{ hash_key(['listener', epoch_seconds('ended_at'), 'ms_played', 'item', 'occurrence']) }} as play_key,
        case
            when record_rank = 1 then 'first_record'
            when writing > 1 then 'row_written_twice'
            else 'overlapping_export'
        end as match_rule,
        input_key,
        file_row,
        -- alike in all but its time, and closer to the one before than its own length; the time
        -- of an offline play is that of the sync, so it proves nothing
        coalesce(
            record_rank = 1
            and not coalesce(is_offline, false)
            and seconds_since_alike * 1000 + {{ var('max_overlap_ms') }} < ms_played,
            false
        ) as is_retry,
        ended_month,
        ended_at,
        ms_played
    from records_with_gap
    where ended_month = computed_month

)

select * from decided_records
