-- Where two sources speak of the same time, do they say the same?
select
    source,
    other_source,
    shared_count,
    source_only_count,
    other_only_count,
    source_found_share,
    other_found_share,
    first_shared_at,
    last_shared_at
from marts.mon_source_overlap
where listener = :listener
order by source, other_source
