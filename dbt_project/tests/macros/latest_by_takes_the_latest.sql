with

inputs as (

    select 'Old name' as title, cast('2020-01-01' as {{ dbt.type_timestamp() }}) as moment
    union all
    select 'New name', cast('2024-01-01' as {{ dbt.type_timestamp() }})
    union all
    select 'Middle', cast('2022-01-01' as {{ dbt.type_timestamp() }})

),

latest as (

    select {{ latest_by('title', 'moment') }} as title
    from inputs

)

select *
from latest
where title != 'New name'
