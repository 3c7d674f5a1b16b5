-- How does what was streamed between two days sound, on the average of its streams?
select
    count(*) as stream_count,
    avg(features.danceability) as danceability,
    avg(features.energy) as energy,
    avg(features.valence) as valence,
    avg(features.speechiness) as speechiness,
    avg(features.liveness) as liveness,
    avg(features.instrumentalness) as instrumentalness,
    avg(features.acousticness) as acousticness,
    avg(features.tempo) as tempo
from marts.fct_plays as plays
inner join marts.dim_track_features as features
    on plays.track_key = features.track_key
where
    plays.listener = :listener
    and plays.is_counted
    and plays.listening_date >= :from_date
    and plays.listening_date < :until_date
having count(*) > 0
