-- How old is the music when a listener hears it, year by year?
select
    plays.listener,
    plays.year,
    count(*) as stream_count,
    avg({{ dbt.datediff('tracks.release_date', 'plays.listening_date', 'day') }} / 365.25) as mean_age_years,
    avg(case when {{ dbt.datediff('tracks.release_date', 'plays.listening_date', 'day') }} <= 30 then 1.0 else 0.0 end)
        as first_month_share
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_tracks') }} as tracks
    on plays.track_key = tracks.track_key
where plays.is_counted and tracks.release_date is not null
group by plays.listener, plays.year
order by plays.listener, plays.year
