-- one moment, written with three offsets
with

inputs as (

    select cast('2024-03-31 01:00:00+00' as {{ type_zoned_timestamp() }}) as moment
    union all
    select cast('2024-03-31 03:00:00+02' as {{ type_zoned_timestamp() }})
    union all
    select cast('2024-03-30 20:00:00-05' as {{ type_zoned_timestamp() }})

)

select
    moment,
    {{ utc_timestamp('moment') }} as actual
from inputs
where {{ utc_timestamp('moment') }} != cast('2024-03-31 01:00:00' as {{ dbt.type_timestamp() }})
