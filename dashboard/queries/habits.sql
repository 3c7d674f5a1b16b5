-- Of the plays between two days, how many were skipped, shuffled, offline or private?
select
    count(*) as play_count,
    count(case when is_skip_known then 1 end) as skip_known_count,
    count(case when is_skipped then 1 end) as skipped_count,
    count(is_shuffle) as shuffle_known_count,
    count(case when is_shuffle then 1 end) as shuffle_count,
    count(is_offline) as offline_known_count,
    count(case when is_offline then 1 end) as offline_count,
    count(is_incognito) as private_known_count,
    count(case when is_incognito then 1 end) as private_count
from marts.fct_plays
where
    listener = :listener
    and listening_date >= :from_date
    and listening_date < :until_date
