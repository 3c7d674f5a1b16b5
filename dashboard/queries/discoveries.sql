-- How many artists of each month or year were new, and how many had been heard before?
select
    period_start_date as start_date,
    new_artist_count,
    artist_count - new_artist_count as known_artist_count,
    new_track_count
from marts.agg_period_listening
where
    listener = :listener
    and period_type = :unit
    and period_start_date >= :from_date
    and period_start_date < :until_date
    and artist_count > 0
order by period_start_date
