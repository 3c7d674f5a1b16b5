-- Whose music was skipped most readily, of artists with twenty plays and more in months that tell?
with skip_months as (

    select distinct year_month
    from marts.fct_plays
    where
        listener = :listener
        and is_skipped

)

select
    plays.artist_name,
    count(*) as play_count,
    count(case when plays.is_skipped then 1 end) as skipped_count,
    count(case when plays.is_skipped then 1 end) * 1.0 / count(*) as skipped_share
from marts.fct_plays as plays
inner join skip_months
    on plays.year_month = skip_months.year_month
where
    plays.listener = :listener
    and plays.listening_date >= :from_date
    and plays.listening_date < :until_date
    and plays.artist_name is not null
    and plays.is_skipped is not null
group by plays.artist_name
having count(*) >= 20
order by skipped_share desc, play_count desc, plays.artist_name
limit :row_count
