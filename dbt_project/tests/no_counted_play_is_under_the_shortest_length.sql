-- what counts as a stream is a policy (the var min_play_ms), and it holds for every row
select
    play_key,
    ms_played
from {{ ref('fct_plays') }}
where is_counted and ms_played < {{ var('min_play_ms') }}
