-- How many plays of each month does each source hold?
with months as (
    select
        ended_month,
        sum(case when in_extended_export then 1 else 0 end) as extended_count,
        sum(case when in_account_export then 1 else 0 end) as account_count,
        sum(case when in_api then 1 else 0 end) as api_count
    from marts.fct_plays
    where listener = :listener
    group by ended_month
)

select
    ended_month as month_start_date,
    'extended_export' as play_source,
    extended_count as play_count
from months
where extended_count > 0

union all

select
    ended_month as month_start_date,
    'account_export' as play_source,
    account_count as play_count
from months
where account_count > 0

union all

select
    ended_month as month_start_date,
    'web_api' as play_source,
    api_count as play_count
from months
where api_count > 0
order by month_start_date, play_source
