-- keys are made of it: with the zeros that a session may want, they would be others
with

inputs as (

    select cast('2026-01-31 23:59:59' as {{ dbt.type_timestamp() }}) as moment, '2026-01-31 23:59:59' as expected
    union all
    select cast('2026-01-31 00:00:00' as {{ dbt.type_timestamp() }}), '2026-01-31 00:00:00'
    union all
    select cast('2026-01-31 10:20:30.123' as {{ dbt.type_timestamp() }}), '2026-01-31 10:20:30.123'
    union all
    select cast(null as {{ dbt.type_timestamp() }}), null

)

select
    *,
    {{ timestamp_text('moment') }} as actual
from inputs
where
    {{ timestamp_text('moment') }} != expected
    or (moment is null and {{ timestamp_text('moment') }} is not null)
