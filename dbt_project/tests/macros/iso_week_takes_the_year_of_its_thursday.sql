-- the first days of a year may be of its predecessor's last week, the last of its successor's first
with

inputs as (

    select
        cast('2026-01-29' as date) as date_day,
        '2026-W05' as expected
    union all
    select cast('2024-12-29' as date), '2024-W52'
    union all
    select cast('2024-12-30' as date), '2025-W01'
    union all
    select cast('2021-01-03' as date), '2020-W53'
    union all
    select cast('2021-01-04' as date), '2021-W01'
    union all
    select cast('2023-01-01' as date), '2022-W52'

)

select
    *,
    {{ iso_week('date_day') }} as actual
from inputs
where {{ iso_week('date_day') }} != expected
