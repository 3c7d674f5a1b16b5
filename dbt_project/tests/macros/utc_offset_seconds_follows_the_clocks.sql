-- a second before and at each change: whole hours, half hours, Lord Howe's half-hour summer time,
-- quarter hours, a zone that moved across the date line, one that gave summer time up
with

inputs as (

    select 'Europe/Oslo' as time_zone, '2024-03-31 00:59:59' as moment, 3600 as expected
    union all
    select 'Europe/Oslo', '2024-03-31 01:00:00', 7200
    union all
    select 'Europe/Oslo', '2024-10-27 00:59:59', 7200
    union all
    select 'Europe/Oslo', '2024-10-27 01:00:00', 3600
    union all
    select 'America/New_York', '2024-11-03 05:59:59', -14400
    union all
    select 'America/New_York', '2024-11-03 06:00:00', -18000
    union all
    select 'Asia/Kolkata', '2024-06-01 00:00:00', 19800
    union all
    select 'Asia/Kathmandu', '2024-06-01 00:00:00', 20700
    union all
    select 'Australia/Lord_Howe', '2024-04-06 14:59:59', 39600
    union all
    select 'Australia/Lord_Howe', '2024-04-06 15:00:00', 37800
    union all
    select 'Australia/Lord_Howe', '2024-10-05 15:29:59', 37800
    union all
    select 'Australia/Lord_Howe', '2024-10-05 15:30:00', 39600
    union all
    select 'Pacific/Apia', '2011-12-30 09:59:59', -36000
    union all
    select 'Pacific/Apia', '2011-12-30 10:00:00', 50400
    union all
    select 'America/Sao_Paulo', '2019-12-01 00:00:00', -10800
    union all
    select 'UTC', '2024-06-01 00:00:00', 0

),

typed as (

    select
        time_zone,
        expected,
        cast(moment as {{ dbt.type_timestamp() }}) as moment
    from inputs

)

select
    *,
    {{ utc_offset_seconds('moment', 'time_zone') }} as actual
from typed
where {{ utc_offset_seconds('moment', 'time_zone') }} != expected
