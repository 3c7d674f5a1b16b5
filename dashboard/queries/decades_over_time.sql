-- From which decades was the music of each month or year, as shares of what has a release date?
select
    listening.period_start_date as start_date,
    tracks.release_decade,
    sum(items.stream_count) as stream_count,
    cast(sum(items.stream_count) as double precision)
    / sum(sum(items.stream_count)) over (partition by listening.period_start_date) as stream_share
from marts.agg_period_item_streams as items
inner join marts.agg_period_listening as listening
    on
        items.listener = listening.listener
        and items.period_type = listening.period_type
        and items.period = listening.period
inner join marts.dim_tracks as tracks
    on items.item_key = tracks.track_key
where
    items.listener = :listener
    and items.item_type = 'track'
    and items.period_type = :unit
    and listening.period_start_date >= :from_date
    and listening.period_start_date < :until_date
    and tracks.release_decade is not null
group by listening.period_start_date, tracks.release_decade
order by tracks.release_decade desc, listening.period_start_date
