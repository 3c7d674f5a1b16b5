with

inputs as (

    select 0 as milliseconds, 0.0 as expected
    union all
    select 3600000, 1.0
    union all
    select 900000, 0.25
    union all
    select 36, 0.00001

)

select
    *,
    {{ hours('milliseconds') }} as actual
from inputs
where abs({{ hours('milliseconds') }} - expected) > 0.000000000001
