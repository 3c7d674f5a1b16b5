-- Whose music does a listener skip? Of plays of which Spotify says it; before October 2022 it
-- never says that one was skipped.
select
    listener,
    artist_name,
    count(is_skipped) as play_count,
    avg(case when is_skipped then 1.0 else 0.0 end) as skipped_share
from {{ ref('fct_plays') }}
where artist_name is not null and is_skipped is not null
group by listener, artist_name
having count(is_skipped) >= 10
order by listener, skipped_share desc
