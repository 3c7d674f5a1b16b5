with

inputs as (

    select cast('1970-01-01 00:00:00' as {{ dbt.type_timestamp() }}) as moment, 0 as expected
    union all
    select cast('2024-03-10 12:00:41' as {{ dbt.type_timestamp() }}), 1710072041
    union all
    select cast('2038-01-19 03:14:08' as {{ dbt.type_timestamp() }}), 2147483648
    union all
    select cast('1969-12-31 23:59:59' as {{ dbt.type_timestamp() }}), -1

)

select
    *,
    {{ epoch_seconds('moment') }} as actual
from inputs
where {{ epoch_seconds('moment') }} != expected
