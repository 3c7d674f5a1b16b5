-- Which plays do not count as streams, and why?
select
    exclusion_reason,
    count(*) as play_count,
    sum(listened_ms) / 3600000.0 as heard_hours
from marts.fct_plays
where listener = :listener and not is_counted
group by exclusion_reason
order by play_count desc, exclusion_reason
