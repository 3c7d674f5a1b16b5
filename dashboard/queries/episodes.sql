-- Which episodes were last heard between two days, and how much of them by then?
-- What was heard of an episode is in no aggregate: so it reads plays. A retry heard nothing new.
with heard as (

    select
        episode_id,
        min(episode_name) as episode_name,
        min(show_name) as show_name,
        sum(listened_ms) as listened_ms,
        max(listening_date) as last_date
    from marts.fct_plays
    where
        listener = :listener
        and episode_id is not null
        and coalesce(exclusion_reason, '') != 'retry'
        and listening_date < :until_date
    group by episode_id
    having max(listening_date) >= :from_date

)

select
    heard.show_name,
    heard.episode_name,
    heard.listened_ms / 3600000.0 as heard_hours,
    cast(heard.listened_ms as double precision) / nullif(episodes.duration_ms, 0) as heard_share,
    heard.listened_ms >= 0.9 * episodes.duration_ms as is_finished,
    heard.last_date
from heard
left join marts.dim_episodes as episodes
    on heard.episode_id = episodes.episode_id
where heard.listened_ms > 0
order by heard.last_date desc, heard.show_name, heard.episode_name, heard.episode_id
