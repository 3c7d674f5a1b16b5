-- Where in the track does a listener skip on: in which tenth of its length?
select
    plays.listener,
    floor(10.0 * plays.listened_ms / tracks.duration_ms) + 1 as tenth,
    count(*) as skipped_count
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_tracks') }} as tracks
    on plays.track_key = tracks.track_key
where plays.is_skipped and plays.listened_ms < tracks.duration_ms
group by plays.listener, floor(10.0 * plays.listened_ms / tracks.duration_ms) + 1
order by plays.listener, tenth
