-- Which months and years have plays?
select
    period_type,
    period
from marts.agg_period_listening
where listener = :listener and period_type in ('month', 'year')
order by period
