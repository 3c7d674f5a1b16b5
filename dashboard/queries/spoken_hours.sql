-- How many hours of podcasts and audiobooks were heard in each month or year?
-- No aggregate tells audiobooks from music: so it reads plays.
with streams as (

    select
        case
            when :unit = 'year' then cast(concat(substr(year_month, 1, 4), '-01-01') as date)
            else cast(concat(year_month, '-01') as date)
        end as start_date,
        listened_ms
    from marts.fct_plays
    where
        listener = :listener
        and is_counted
        and content_type in ('episode', 'chapter')
        and listening_date >= :from_date
        and listening_date < :until_date

)

select
    start_date,
    count(*) as stream_count,
    sum(listened_ms) / 3600000.0 as listening_hours
from streams
group by start_date
order by start_date
