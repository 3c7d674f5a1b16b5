-- null, '' and the separator itself: no two of these rows may share a key
with

inputs as (

    select 'ab' as first_part, 'c' as second_part
    union all
    select 'a', 'bc'
    union all
    select 'abc', ''
    union all
    select '', 'abc'
    union all
    select 'abc', null
    union all
    select null, 'abc'
    union all
    select null, null
    union all
    select '', ''
    union all
    select null, ''
    union all
    select 'Abc', null

),

keyed as (

    select {{ hash_key(['first_part', 'second_part']) }} as hashed_key
    from inputs

)

select
    hashed_key,
    count(*) as row_count
from keyed
group by hashed_key
having count(*) > 1
