-- Whose music does a listener skip?
with

skip_months as (

    -- from 2015 to 2022 Spotify noted no skip: a month without one tells nothing
    select distinct
        listener,
        year_month
    from {{ ref('fct_plays') }}
    where is_skipped

)

select
    plays.listener,
    plays.artist_name,
    count(plays.is_skipped) as play_count,
    avg(case when plays.is_skipped then 1.0 else 0.0 end) as skipped_share
from {{ ref('fct_plays') }} as plays
inner join skip_months
    on
        plays.listener = skip_months.listener
        and plays.year_month = skip_months.year_month
where
    plays.artist_name is not null
    and plays.is_skipped is not null
group by plays.listener, plays.artist_name
having count(plays.is_skipped) >= 10
order by plays.listener, skipped_share desc
