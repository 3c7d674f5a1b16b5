-- Whose music was skipped most readily, of artists with twenty plays of which that is known?
select
    artist_name,
    count(*) as play_count,
    count(case when is_skipped then 1 end) as skipped_count,
    count(case when is_skipped then 1 end) * 1.0 / count(*) as skipped_share
from marts.fct_plays
where
    listener = :listener
    and listening_date >= :from_date
    and listening_date < :until_date
    and artist_name is not null
    and is_skip_known
group by artist_name
having count(*) >= 20
order by skipped_share desc, play_count desc, artist_name
limit :row_count
