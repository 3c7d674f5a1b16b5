with

inputs as (

    select '1999' as released_on, cast('1999-01-01' as date) as expected
    union all
    select '1999-07', cast('1999-07-01' as date)
    union all
    select '1999-07-13', cast('1999-07-13' as date)
    union all
    select '0000', null
    union all
    select 'unknown', null
    union all
    select '', null
    union all
    select null, null

)

select
    *,
    {{ release_date('released_on') }} as actual
from inputs
where {{ release_date('released_on') }} is distinct from expected
