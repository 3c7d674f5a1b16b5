-- what counts as a stream is a policy (the var min_play_ms), and it holds for every row
select
    play_key,
    listened_ms
from {{ ref('fct_plays') }}
where is_counted and listened_ms < {{ var('min_play_ms') }}
