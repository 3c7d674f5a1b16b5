-- How many plays of each month does each source hold?
select
    month_start_date,
    play_source,
    play_count
from (
    select
        ended_month as month_start_date,
        'extended_export' as play_source,
        sum(case when in_extended_export then 1 else 0 end) as play_count
    from marts.fct_plays
    where listener = :listener
    group by ended_month

    union all

    select
        ended_month as month_start_date,
        'account_export' as play_source,
        sum(case when in_account_export then 1 else 0 end) as play_count
    from marts.fct_plays
    where listener = :listener
    group by ended_month

    union all

    select
        ended_month as month_start_date,
        'web_api' as play_source,
        sum(case when in_api then 1 else 0 end) as play_count
    from marts.fct_plays
    where listener = :listener
    group by ended_month
) as months
where play_count > 0
order by month_start_date, play_source
