-- When may plays be missing, because Spotify was asked too late?
select
    gap_started_at,
    gap_ended_at,
    api_play_count,
    export_play_count,
    is_filled
from marts.mon_collection_gaps
where listener = :listener
order by gap_started_at
