with

files as (

    select * from {{ ref('stg_spotify_export__import_files') }}
    where status = 'loaded' and first_ended_at is not null

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
            dbt.concat(["time_zone", "'@'", "cast(valid_from as " ~ dbt.type_string() ~ ")"]),
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

month_files as (

    select
        listener,
        ended_month,
        {{ dbt.listagg('file_sha256', "','", 'order by file_sha256') }} as file_list
    from file_months
    group by listener, ended_month

),

keyed as (

    select
        month_files.listener,
        month_files.ended_month,
        {{ hash_key(['month_files.file_list', 'listener_zones.zone_rule', "'" ~ counting_rules() ~ "'"]) }} as input_key
    from month_files
    left join listener_zones
        on month_files.listener = listener_zones.listener

)

select * from keyed
