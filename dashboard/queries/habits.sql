-- Of the plays between two days, how many were skipped, shuffled, offline or private?
-- A month of which no skip is told tells nothing of skips: from 2015 to 2022 Spotify noted none.
with skip_months as (

    select distinct year_month
    from marts.fct_plays
    where
        listener = :listener
        and is_skipped

)

select
    count(*) as play_count,
    count(case when skip_months.year_month is not null then plays.is_skipped end)
        as skip_known_count,
    count(case when plays.is_skipped then 1 end) as skipped_count,
    count(plays.is_shuffle) as shuffle_known_count,
    count(case when plays.is_shuffle then 1 end) as shuffle_count,
    count(plays.is_offline) as offline_known_count,
    count(case when plays.is_offline then 1 end) as offline_count,
    count(plays.is_incognito) as private_known_count,
    count(case when plays.is_incognito then 1 end) as private_count
from marts.fct_plays as plays
left join skip_months
    on plays.year_month = skip_months.year_month
where
    plays.listener = :listener
    and plays.listening_date >= :from_date
    and plays.listening_date < :until_date
