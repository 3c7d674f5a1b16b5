-- From which decades is the music that a listener hears, year by year?
select
    plays.listener,
    plays.year,
    tracks.release_decade,
    count(*) as stream_count,
    {{ hours('sum(plays.listened_ms)') }} as listening_hours
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_tracks') }} as tracks
    on plays.track_key = tracks.track_key
where plays.is_counted and tracks.release_decade is not null
group by plays.listener, plays.year, tracks.release_decade
order by plays.listener, plays.year, tracks.release_decade
