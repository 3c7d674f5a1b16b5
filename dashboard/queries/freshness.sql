-- How far does each source of plays reach, and when was it last loaded?
select
    play_source,
    play_count,
    last_play_at,
    loaded_at
from marts.mon_freshness
where listener = :listener
order by last_play_at desc, play_source
