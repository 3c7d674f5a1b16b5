with

inputs as (

    select 1 as place, 'Same moment, first' as title, cast('2024-01-01' as {{ dbt.type_timestamp() }}) as moment
    union all
    select 2, 'Same moment, second', cast('2024-01-01' as {{ dbt.type_timestamp() }})
    union all
    select 3, 'Unknown moment', null
    union all
    select 4, null, cast('2025-01-01' as {{ dbt.type_timestamp() }})
    union all
    select 5, 'Earlier', cast('2020-01-01' as {{ dbt.type_timestamp() }})

),

forwards as (

    select {{ latest_by('title', 'moment') }} as title
    from (select * from inputs order by place) as ordered_inputs

),

backwards as (

    select {{ latest_by('title', 'moment') }} as title
    from (select * from inputs order by place desc) as ordered_inputs

)

select
    forwards.title,
    backwards.title as title_backwards
from forwards
cross join backwards
where
    forwards.title is distinct from 'Same moment, second'
    or backwards.title is distinct from 'Same moment, second'
