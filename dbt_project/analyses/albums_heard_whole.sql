-- Which albums has a listener streamed every track of? From four tracks on: a single is no album.
select
    plays.listener,
    albums.album_name,
    albums.artist_name,
    albums.album_track_count,
    count(*) as stream_count
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_albums') }} as albums
    on plays.album_key = albums.album_key
where plays.is_counted and albums.album_track_count >= 4
group by plays.listener, albums.album_key, albums.album_name, albums.artist_name, albums.album_track_count
having count(distinct plays.track_name) >= albums.album_track_count
order by plays.listener, stream_count desc
