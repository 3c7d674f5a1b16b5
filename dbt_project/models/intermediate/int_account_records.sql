{{
    config(
        materialized='incremental',
        meta={'periods': ['utc_month']},
    )
}}

{#- What makes an account record: two of them alike in these are one. -#}
{%- set identity = 'listener, ended_minute, ms_played, creator, title' -%}
{%- set account_months = 'select ended_month from ' ~ ref('stg_spotify_export__account_streaming_history') -%}
{%- set stale = stale_months(among=account_months) -%}

with

months as (

    {{ stale_periods('utc_month') }}

),

account_history as (

    select * from {{ ref('stg_spotify_export__account_streaming_history') }}
    where {{ within_months('ended_month', stale) }}

),

extended_history as (

    select * from {{ ref('stg_spotify_export__streaming_history') }}
    where {{ within_months('ts', stale, data_type=type_zoned_timestamp()) }}

),

extended_records as (

    select * from {{ ref('int_extended_records') }}
    where {{ within_months('ended_month', stale) }}

),

covering_files as (

    -- a Video file lists only videos: its span says nothing about the music of that time
    select * from {{ ref('stg_spotify_export__import_files') }}
    where status = 'loaded' and kind = 'extended_audio'

),

records as (

    -- older files mix podcasts in with the music, the show in the artist's place: so what was
    -- played goes by its two names, whatever their columns are called
    select
        account_history.listener,
        account_history.file_sha256,
        account_history.file_row,
        account_history.ended_month,
        account_history.ended_minute,
        account_history.ms_played,
        months.input_key,
        {{ creator_name('account_history') }} as creator,
        {{ item_title('account_history') }} as title
    from account_history
    inner join months
        on
            account_history.listener = months.listener
            and account_history.ended_month = months.ended_month

),

renamed_minutes as (

    -- another export may name a play otherwise, or no more; two names in one file are two plays
    select
        listener,
        ended_minute,
        ms_played
    from records
    where ms_played > 0
    group by listener, ended_minute, ms_played
    having
        count(distinct {{ dbt.concat(['creator', "'|'", 'title']) }}) > 1
        and count(distinct {{ dbt.concat(['file_sha256', 'creator', "'|'", 'title']) }}) = count(distinct file_sha256)

),

renamed_records as (

    select
        records.*,
        row_number() over (
            partition by records.listener, records.ended_minute, records.ms_played
            order by
                case when records.title in ('', 'Unknown Track') then 1 else 0 end,
                records.file_sha256,
                records.file_row
        ) as record_rank
    from records
    inner join renamed_minutes
        on
            records.listener = renamed_minutes.listener
            and records.ended_minute = renamed_minutes.ended_minute
            and records.ms_played = renamed_minutes.ms_played

),

named_records as (

    select
        records.listener,
        records.file_sha256,
        records.file_row,
        records.ended_month,
        records.ended_minute,
        records.ms_played,
        records.input_key,
        coalesce(renamed_records.creator, records.creator) as creator,
        coalesce(renamed_records.title, records.title) as title,
        -- 1 where it has the name that the play goes by
        case
            when records.creator != renamed_records.creator or records.title != renamed_records.title then 2
            else 1
        end as name_rank
    from records
    left join renamed_records
        on
            records.listener = renamed_records.listener
            and records.ended_minute = renamed_records.ended_minute
            and records.ms_played = renamed_records.ms_played
            and renamed_records.record_rank = 1

),

numbered_records as (

    select
        *,
        row_number() over (partition by {{ identity }} order by name_rank, file_sha256, file_row) as repetition
    from named_records

),

account_plays as (

    select * from numbered_records
    where repetition = 1

),

account_months as (

    select distinct
        listener,
        ended_month
    from account_plays

),

extended_plays as (

    select
        extended_records.listener,
        extended_records.play_key,
        extended_records.ms_played,
        extended_records.ended_at,
        {{ dbt.date_trunc('minute', 'extended_records.ended_at') }} as ended_minute,
        {{ creator_name('extended_history') }} as creator,
        {{ item_title('extended_history') }} as title
    from extended_records
    inner join extended_history
        on
            extended_records.listener = extended_history.listener
            and extended_records.file_sha256 = extended_history.file_sha256
            and extended_records.file_row = extended_history.file_row
    inner join account_months
        on
            extended_records.listener = account_months.listener
            and extended_records.ended_month = account_months.ended_month
    where extended_records.match_rule = 'first_record'

),

numbered_extended_plays as (

    -- account data is distinct, so it has one record where the extended history may have several
    select
        *,
        row_number() over (partition by {{ identity }} order by ended_at, play_key) as repetition
    from extended_plays

),

same_names as (

    select
        account_plays.listener,
        account_plays.file_sha256,
        account_plays.file_row,
        account_plays.ended_minute,
        account_plays.ms_played,
        account_plays.ended_month,
        account_plays.input_key,
        account_plays.creator,
        account_plays.title,
        numbered_extended_plays.play_key
    from account_plays
    left join numbered_extended_plays
        on
            account_plays.listener = numbered_extended_plays.listener
            and account_plays.ended_minute = numbered_extended_plays.ended_minute
            and account_plays.ms_played = numbered_extended_plays.ms_played
            and account_plays.creator = numbered_extended_plays.creator
            and account_plays.title = numbered_extended_plays.title
            and numbered_extended_plays.repetition = 1

),

account_left_over as (

    select
        *,
        row_number() over (partition by listener, ended_minute, ms_played order by creator, title) as position
    from same_names
    where play_key is null and ms_played > 0

),

extended_left_over as (

    select
        *,
        row_number() over (partition by listener, ended_minute, ms_played order by ended_at, play_key) as position
    from numbered_extended_plays
    where
        repetition = 1
        and not exists (
            select 1 from same_names
            where same_names.play_key = numbered_extended_plays.play_key
        )

),

same_length as (

    -- renamed since, or "Unknown Track": the minute and the milliseconds still agree
    select
        account_left_over.file_sha256,
        account_left_over.file_row,
        account_left_over.listener,
        extended_left_over.play_key
    from account_left_over
    inner join extended_left_over
        on
            account_left_over.listener = extended_left_over.listener
            and account_left_over.ended_minute = extended_left_over.ended_minute
            and account_left_over.ms_played = extended_left_over.ms_played
            and account_left_over.position = extended_left_over.position

),

spanned_plays as (

    select
        same_names.*,
        same_length.play_key as same_length_play_key,
        exists(
            select 1 from covering_files
            where
                covering_files.listener = same_names.listener
                and covering_files.first_ended_at <= same_names.ended_minute
                and covering_files.last_ended_at >= {{ dbt.dateadd('minute', 1, 'same_names.ended_minute') }}
        ) as is_spanned
    from same_names
    left join same_length
        on
            same_names.listener = same_length.listener
            and same_names.file_sha256 = same_length.file_sha256
            and same_names.file_row = same_length.file_row

),

decided_plays as (

    -- a history of which a file is damaged or was not handed over spans what it does not hold; then
    -- it lacks more of the month than the odd play
    select
        *,
        is_spanned
        and sum(case when coalesce(play_key, same_length_play_key) is null then 1 else 0 end)
            over (partition by listener, ended_month, is_spanned)
        <= {{ var('covered_but_for') }}
            as is_covered
    from spanned_plays

),

decided_records as (

    select
        numbered_records.listener,
        numbered_records.file_sha256,
        coalesce(
            decided_plays.play_key,
            decided_plays.same_length_play_key,
            {{ hash_key([
                'numbered_records.listener', epoch_seconds('numbered_records.ended_minute'),
                'numbered_records.ms_played', 'numbered_records.creator', 'numbered_records.title',
            ]) }}
        ) as play_key,
        case
            when numbered_records.repetition > 1 then 'overlapping_export'
            when decided_plays.play_key is not null then 'same_minute_length_and_names'
            when decided_plays.same_length_play_key is not null then 'same_minute_and_length'
            else 'first_record'
        end as match_rule,
        numbered_records.input_key,
        numbered_records.file_row,
        decided_plays.is_covered,
        numbered_records.ended_month,
        numbered_records.ended_minute
    from numbered_records
    inner join decided_plays
        on
            numbered_records.listener = decided_plays.listener
            and numbered_records.ended_minute = decided_plays.ended_minute
            and numbered_records.ms_played = decided_plays.ms_played
            and numbered_records.creator = decided_plays.creator
            and numbered_records.title = decided_plays.title

)

select * from decided_records
