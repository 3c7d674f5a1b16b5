with

inputs as (

    select 1 as {{ raw_column('rows') }}

)

select * from inputs
where {{ raw_column('rows') }} != 1
