-- A device whose clock is wrong can write one; a day's grace for clocks and zones.
{{ config(severity='warn') }}

select
    play_key,
    listener,
    ended_at
from {{ ref('fct_plays') }}
where ended_at > {{ dbt.dateadd('day', 1, dbt.current_timestamp_backcompat()) }}
