with

cases as (

    select 'Björk, ÉPE' as given, 'björk, épe' as expected
    union all
    select 'ΟΔΟΣ', 'οδοσ'
    union all
    select 'İstanbul', 'istanbul'
    union all
    select 'ДДТ', 'ддт'
    union all
    select '東京 ABC', '東京 abc'
    union all
    select cast(null as {{ dbt.type_string() }}), null

)

select *, {{ lower_case('given') }} as actual
from cases
where {{ lower_case('given') }} is distinct from expected
