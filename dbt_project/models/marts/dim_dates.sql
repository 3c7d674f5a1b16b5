with

numbers as (

    -- sixty years of days; no import is older than 2006, and west of Greenwich that begins in 2005
    {{ dbt.generate_series(21915) }}

),

days as (

    select cast({{ dbt.dateadd('day', 'generated_number - 1', "cast('2005-01-01' as date)") }} as date) as date_day
    from numbers

),

span as (

    select
        min(listening_date) as first_date,
        max(listening_date) as last_date
    from {{ ref('fct_plays') }}

),

listening_days as (

    select
        days.date_day,
        {{ iso_weekday('days.date_day') }} as dow
    from days
    inner join span
        on
            days.date_day >= cast({{ dbt.date_trunc('year', 'span.first_date') }} as date)
            and days.date_day < cast({{ dbt.dateadd('year', 1, dbt.date_trunc('year', 'span.last_date')) }} as date)

),

final as (

    select
        date_day,
        {{ year_month('date_day') }} as year_month,
        {{ weekday_name('dow') }} as dow_name,
        cast(extract(year from date_day) as {{ dbt.type_int() }}) as year,
        cast(extract(quarter from date_day) as {{ dbt.type_int() }}) as quarter,
        cast(extract(month from date_day) as {{ dbt.type_int() }}) as month,
        cast(extract(day from date_day) as {{ dbt.type_int() }}) as day_of_month,
        dow,
        dow >= 6 as is_weekend,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start_date,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start_date
    from listening_days

)

select * from final
