-- plays that the Web API reported = records of the bridge, for every listener
with

polled as (

    select
        listener,
        count(*) as play_count
    from {{ ref('stg_spotify_api__recently_played') }}
    group by listener

),

records as (

    select
        listener,
        count(*) as record_count
    from {{ ref('bridge_play_records') }}
    where record_kind = 'recently_played'
    group by listener

)

select
    polled.listener,
    polled.play_count,
    coalesce(records.record_count, 0) as record_count
from polled
left join records
    on polled.listener = records.listener
where polled.play_count != coalesce(records.record_count, 0)
