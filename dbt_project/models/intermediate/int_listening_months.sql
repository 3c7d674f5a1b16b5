with

files as (

    select * from {{ ref('stg_spotify_export__import_files') }}
    where status = 'loaded' and first_ended_at is not null

),

api_plays as (

    select * from {{ ref('stg_spotify_api__recently_played') }}

),

same_recordings as (

    select * from {{ ref('int_same_recordings') }}

),

zones as (

    select * from {{ ref('int_listener_time_zones') }}

),

numbers as (

    -- forty years of months; Spotify launched in October 2008
    {{ dbt.generate_series(480) }}

),

months as (

    select cast({{ dbt.dateadd('month', 'generated_number - 1', "cast('2006-01-01' as date)") }} as date) as ended_month
    from numbers

),

listener_zones as (

    select
        listener,
        {{ dbt.listagg(
            dbt.concat(["time_zone", "'@'", timestamp_text('valid_from')]),
            "';'",
            "order by valid_from",
        ) }} as zone_rule
    from zones
    group by listener

),

file_months as (

    -- a file speaks for every month from its first play to its last, and for both neighbours:
    -- a retry or a session may begin on the one side of midnight and end on the other
    select
        files.listener,
        files.file_sha256,
        months.ended_month
    from files
    inner join months
        on
            months.ended_month >= {{ dbt.dateadd('month', -1, month_of('files.first_ended_at')) }}
            and months.ended_month <= {{ dbt.dateadd('month', 1, month_of('files.last_ended_at')) }}

),

polled_months as (

    select
        listener,
        {{ month_of('played_at') }} as ended_month,
        count(*) as play_count,
        max(played_at) as last_played_at
    from api_plays
    group by listener, {{ month_of('played_at') }}

),

polled_recordings as (

    -- by what other ids a play may be found in an export, as far as the catalogue knows today
    select
        polled.listener,
        polled.ended_month,
        {{ dbt.listagg('polled.other_track_id', "','", 'order by polled.other_track_id') }} as other_track_ids
    from (
        select distinct
            api_plays.listener,
            {{ month_of('api_plays.played_at') }} as ended_month,
            same_recordings.other_track_id
        from api_plays
        inner join same_recordings
            on api_plays.track_id = same_recordings.track_id
    ) as polled
    group by polled.listener, polled.ended_month

),

api_months as (

    -- polled plays speak for their month and both neighbours too
    select
        polled_months.listener,
        {{ dbt.concat([
            "'api '",
            'cast(polled_months.ended_month as ' ~ dbt.type_string() ~ ')',
            "' '",
            'cast(polled_months.play_count as ' ~ dbt.type_string() ~ ')',
            "' '",
            timestamp_text('polled_months.last_played_at'),
            "' '",
            dbt.hash("coalesce(polled_recordings.other_track_ids, '')"),
        ]) }} as input,
        cast({{ dbt.dateadd('month', 'numbers.generated_number - 2', 'polled_months.ended_month') }} as date)
            as ended_month
    from polled_months
    cross join numbers
    left join polled_recordings
        on
            polled_months.listener = polled_recordings.listener
            and polled_months.ended_month = polled_recordings.ended_month
    where numbers.generated_number <= 3

),

month_inputs as (

    select
        listener,
        ended_month,
        {{ dbt.listagg('input', "','", 'order by input') }} as input_list
    from (
        select
            listener,
            ended_month,
            file_sha256 as input
        from file_months
        union all
        select
            listener,
            ended_month,
            input
        from api_months
    ) as inputs
    group by listener, ended_month

),

keyed as (

    -- months of the same files differ in their key all the same: a key is one month's alone
    select
        month_inputs.listener,
        month_inputs.ended_month,
        {{ hash_key([
            'month_inputs.listener',
            'month_inputs.ended_month',
            'month_inputs.input_list',
            'listener_zones.zone_rule',
            "'" ~ counting_rules() ~ "'",
        ]) }} as input_key
    from month_inputs
    left join listener_zones
        on month_inputs.listener = listener_zones.listener

)

select * from keyed
