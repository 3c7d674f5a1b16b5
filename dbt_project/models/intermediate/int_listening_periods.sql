with

months as (

    select * from {{ ref('int_listening_months') }}

),

numbers as (

    {{ dbt.generate_series(3) }}

),

calendar_months as (

    -- by the listener's clock, a play of one UTC month may be of the month before or after
    select
        months.listener,
        months.ended_month,
        months.input_key,
        {{ dbt.dateadd('month', 'numbers.generated_number - 2', 'months.ended_month') }} as listening_month
    from months
    cross join numbers

),

periods as (

    select
        listener,
        'month' as period_type,
        {{ year_month('listening_month') }} as period,
        ended_month,
        input_key
    from calendar_months

    union distinct

    select
        listener,
        'year' as period_type,
        cast(extract(year from listening_month) as {{ dbt.type_string() }}) as period,
        ended_month,
        input_key
    from calendar_months

),

period_inputs as (

    select
        listener,
        period_type,
        period,
        {{ dbt.listagg('input_key', "','", 'order by ended_month') }} as input_list
    from periods
    group by listener, period_type, period

),

final as (

    select
        listener,
        period_type,
        period,
        {{ hash_key(['listener', 'period', 'input_list']) }} as input_key
    from period_inputs

)

select * from final
