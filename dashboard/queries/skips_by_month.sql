-- What share of the plays of each month was skipped? Of months that tell, see habits.sql.
select
    cast(concat(year_month, '-01') as date) as start_date,
    count(case when is_skipped then 1 end) * 1.0 / count(is_skipped) as skipped_share,
    count(is_skipped) as play_count
from marts.fct_plays
where
    listener = :listener
    and listening_date >= :from_date
    and listening_date < :until_date
group by year_month
having count(case when is_skipped then 1 end) > 0
order by year_month
