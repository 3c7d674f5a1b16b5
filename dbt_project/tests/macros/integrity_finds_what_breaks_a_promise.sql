-- each promise is broken by some rows and kept by others; null breaks what is required, and a key of several
{%- set rows -%}
    (
        select
            number,
            cast(case when number < 3 then 'a' when number = 3 then 'b' end as {{ dbt.type_string() }}) as letter,
            cast(case when number < 4 then 'NO' when number = 4 then 'NA' else '??' end as {{ dbt.type_string() }})
                as country_code
        from (
            select 1 as number
            union all
            select 2
            union all
            select 3
            union all
            select 4
            union all
            select 4
            union all
            select 6
        ) as numbers
    ) as examples
{%- endset %}
with

found as (

    {{ test_integrity(
        rows,
        keys=['letter', ['number', 'letter'], 'number'],
        required=['letter', 'number'],
        references={'country_code': 'country_time_zones'},
        accepted={'letter': ['b', 'c'], 'country_code': ['NO', 'NA', '??']},
        bounds={'number': [2, 5]},
    ) }}

),

expected as (

    select 'key of letter' as broken_promise, 'a' as offending_value, 2 as row_count
    union all
    select 'key of number, letter', '4, null', 2
    union all
    select 'key of number', '4', 2
    union all
    select 'required of letter', 'null', 3
    union all
    select 'reference of country_code', '??', 1
    union all
    select 'accepted of letter', 'a', 2
    union all
    select 'bounds of number', '1', 1
    union all
    select 'bounds of number', '6', 1

)

select
    broken_promise,
    offending_value,
    row_count
from (
    select broken_promise, offending_value, row_count, 1 as place
    from found
    union all
    select broken_promise, offending_value, row_count, 2 as place
    from expected
) as both_lists
group by broken_promise, offending_value, row_count
having count(*) != 2 or sum(place) != 3
