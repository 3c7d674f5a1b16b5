-- What share of the plays of each month was skipped, where that is known?
select
    cast(concat(year_month, '-01') as date) as start_date,
    count(case when is_skipped then 1 end) * 1.0 / count(*) as skipped_share,
    count(*) as play_count
from marts.fct_plays
where
    listener = :listener
    and listening_date >= :from_date
    and listening_date < :until_date
    and is_skip_known
group by year_month
order by year_month
