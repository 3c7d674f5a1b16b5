-- years begin and end, a leap day, and a year whose number needs no padding but whose month does
with

inputs as (

    select
        cast('2024-12-30' as date) as date_day,
        1 as expected_weekday,
        'Monday' as expected_name,
        '2024-12' as expected_month,
        cast('2024-12-01' as date) as expected_first
    union all
    select cast('2024-02-29' as date), 4, 'Thursday', '2024-02', cast('2024-02-01' as date)
    union all
    select cast('2023-01-01' as date), 7, 'Sunday', '2023-01', cast('2023-01-01' as date)
    union all
    select cast('2006-10-31' as date), 2, 'Tuesday', '2006-10', cast('2006-10-01' as date)
    union all
    select cast('2026-09-16' as date), 3, 'Wednesday', '2026-09', cast('2026-09-01' as date)
    union all
    select cast('2026-09-18' as date), 5, 'Friday', '2026-09', cast('2026-09-01' as date)
    union all
    select cast('2026-09-19' as date), 6, 'Saturday', '2026-09', cast('2026-09-01' as date)

),

actual as (

    select
        *,
        {{ iso_weekday('date_day') }} as actual_weekday,
        {{ weekday_name(iso_weekday('date_day')) }} as actual_name,
        {{ year_month('date_day') }} as actual_month,
        {{ month_of('date_day') }} as actual_first
    from inputs

)

select *
from actual
where
    actual_weekday != expected_weekday
    or actual_name != expected_name
    or actual_month != expected_month
    or actual_first != expected_first
