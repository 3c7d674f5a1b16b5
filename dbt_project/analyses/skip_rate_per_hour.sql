-- At what hour of the day is a listener impatient?
select
    listener,
    hour,
    count(*) as play_count,
    avg(case when is_skipped then 1.0 else 0.0 end) as skipped_share
from {{ ref('fct_plays') }}
where is_skip_known
group by listener, hour
order by listener, hour
