-- How many records did each kind of source hold, and by which rule did they become plays?
select
    record_kind,
    match_rule,
    record_count,
    record_share,
    within_2_seconds_count,
    within_a_minute_count,
    farther_count,
    farthest_seconds
from marts.mon_match_quality
where listener = :listener
order by record_kind, record_count desc, match_rule
