-- On what kind of device was how much heard, in months that touch the time between two days?
select
    platform_family,
    sum(listening_hours) as listening_hours,
    sum(stream_count) as stream_count
from marts.agg_monthly_habits as habits
where
    listener = :listener
    and cast(concat(year_month, '-01') as date) >= date_trunc('month', cast(:from_date as date))
    and cast(concat(year_month, '-01') as date) < :until_date
group by platform_family
having sum(habits.stream_count) > 0
order by listening_hours desc, platform_family
