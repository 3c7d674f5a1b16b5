-- Whose music does a listener skip?
select
    listener,
    artist_name,
    count(*) as play_count,
    avg(case when is_skipped then 1.0 else 0.0 end) as skipped_share
from {{ ref('fct_plays') }}
where
    artist_name is not null
    and is_skip_known
group by listener, artist_name
having count(*) >= 10
order by listener, skipped_share desc
