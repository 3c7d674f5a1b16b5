-- In which country was how much heard, in months that touch the time between two days?
select
    conn_country,
    sum(listening_hours) as listening_hours,
    sum(stream_count) as stream_count,
    min(year_month) as first_month,
    max(year_month) as last_month
from marts.agg_monthly_habits as habits
where
    listener = :listener
    and cast(concat(year_month, '-01') as date) >= date_trunc('month', cast(:from_date as date))
    and cast(concat(year_month, '-01') as date) < :until_date
group by conn_country
having sum(habits.stream_count) > 0
order by listening_hours desc, conn_country
