-- Which episodes did a listener finish? Heard to nine tenths, in as many plays as it took; where only
-- the Web API could tell the length and was not asked, played to the end once.
select
    plays.listener,
    episodes.show_name,
    episodes.episode_name,
    {{ hours('sum(plays.listened_ms)') }} as listening_hours,
    coalesce(
        sum(plays.listened_ms) >= 0.9 * episodes.duration_ms,
        max(case when plays.reason_end = 'trackdone' then 1 else 0 end) = 1
    ) as is_finished
from {{ ref('fct_plays') }} as plays
inner join {{ ref('dim_episodes') }} as episodes
    on plays.episode_id = episodes.episode_id
where coalesce(plays.exclusion_reason, '') != 'retry'
group by plays.listener, episodes.episode_id, episodes.show_name, episodes.episode_name, episodes.duration_ms
order by plays.listener, episodes.show_name, listening_hours desc
