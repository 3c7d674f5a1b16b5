-- Two devices may play at once, and offline plays carry the day of their sync: odd, but it happens.
{{ config(severity='warn') }}

select
    listener,
    listening_date,
    listening_hours
from {{ ref('agg_daily_listening') }}
where listening_hours > 24
