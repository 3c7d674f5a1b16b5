-- How old was the music when it was heard, month by month or year by year?
-- The age is that on the day of a play, which no aggregate knows: so it reads plays.
with ages as (

    select
        case
            when :unit = 'year' then cast(concat(substr(plays.year_month, 1, 4), '-01-01') as date)
            else cast(concat(plays.year_month, '-01') as date)
        end as start_date,
        plays.listening_date - tracks.release_date as day_count
    from marts.fct_plays as plays
    inner join marts.dim_tracks as tracks
        on plays.track_key = tracks.track_key
    where
        plays.listener = :listener
        and plays.is_counted
        and plays.listening_date >= :from_date
        and plays.listening_date < :until_date
        and tracks.release_date is not null

)

select
    start_date,
    count(*) as stream_count,
    cast(sum(day_count) as double precision) / count(*) / 365.25 as mean_age_years,
    count(case when day_count <= 30 then 1 end) as first_month_count
from ages
group by start_date
order by start_date
