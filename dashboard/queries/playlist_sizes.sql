-- How many items did a playlist hold at the end of each month since its first one?
with months as (

    select
        period_start_date as start_date,
        period_start_date + interval '1 month' as month_ended_at
    from marts.agg_period_listening
    where
        listener = :listener
        and period_type = 'month'

)

select
    months.start_date,
    count(*) as item_count
from months
inner join marts.fct_playlist_memberships as memberships
    on
        months.month_ended_at > memberships.valid_from_at
        and (
            memberships.valid_until_at is null
            or months.month_ended_at <= memberships.valid_until_at
        )
where
    memberships.listener = :listener
    and memberships.playlist_key = :playlist_key
group by months.start_date
order by months.start_date
