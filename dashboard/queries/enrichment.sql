-- How much of what plays mention does the catalogue know? Of all listeners together.
select
    kind,
    mentioned_count,
    known_count,
    missed_count,
    coverage_share,
    play_coverage_share
from marts.mon_enrichment_coverage
order by mentioned_count desc, kind
