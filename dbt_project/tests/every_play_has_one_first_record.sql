-- the records that stand for a play are as many as the plays: between the records and fct_plays
-- (names, time zones, offsets are joined there) no play is lost and none is doubled
with

first_records as (

    select
        listener,
        count(*) as record_count
    from {{ ref('bridge_play_records') }}
    where match_rule = 'first_record'
    group by listener

),

plays as (

    select
        listener,
        count(*) as play_count
    from {{ ref('fct_plays') }}
    group by listener

)

select
    coalesce(first_records.listener, plays.listener) as listener,
    coalesce(first_records.record_count, 0) as record_count,
    coalesce(plays.play_count, 0) as play_count
from first_records
full outer join plays
    on first_records.listener = plays.listener
where coalesce(first_records.record_count, 0) != coalesce(plays.play_count, 0)
