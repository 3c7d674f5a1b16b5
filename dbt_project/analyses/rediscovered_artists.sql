-- Which artists did a listener come back to after half a year without a stream of theirs?
with

artist_days as (

    select
        listener,
        artist_name,
        listening_date,
        lag(listening_date) over (partition by listener, artist_key order by listening_date) as previous_date,
        count(*) as stream_count
    from {{ ref('fct_plays') }}
    where is_counted and artist_key is not null
    group by listener, artist_key, artist_name, listening_date

)

select
    listener,
    artist_name,
    previous_date,
    listening_date as rediscovered_date,
    {{ dbt.datediff('previous_date', 'listening_date', 'day') }} as pause_day_count
from artist_days
where {{ dbt.datediff('previous_date', 'listening_date', 'day') }} > 180
order by listener, pause_day_count desc
