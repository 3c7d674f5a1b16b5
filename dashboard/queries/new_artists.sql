-- Which artists were streamed for the first time ever between two days?
with debuts as (

    select
        artist_key,
        min(listening_date) as first_date,
        count(*) as stream_count,
        sum(listened_ms) / 3600000.0 as listening_hours
    from marts.fct_plays
    where
        listener = :listener
        and is_counted
        and artist_key is not null
        and listening_date < :until_date
    group by artist_key

)

select
    artists.artist_name,
    debuts.first_date,
    debuts.stream_count,
    debuts.listening_hours
from debuts
inner join marts.dim_artists as artists
    on debuts.artist_key = artists.artist_key
where debuts.first_date >= :from_date
order by debuts.stream_count desc, debuts.listening_hours desc, artists.artist_name
