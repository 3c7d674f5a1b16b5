-- Nobody hears two plays at once, but devices overlap: in real histories 0.2 to 0.3 % of the counted
-- plays begin more than a crossfade before the end of one before. More than 1 % is a rule gone wrong.
{{ config(severity='warn') }}

with

plays as (

    select
        listener,
        started_at,
        lag(ended_at) over (partition by listener order by ended_at, started_at) as previous_ended_at
    from {{ ref('fct_plays') }}
    where is_counted and in_extended_export and not coalesce(is_offline, false)

)

select
    listener,
    count(*) as play_count,
    sum(
        case
            when {{ dbt.dateadd('millisecond', var('max_overlap_ms'), 'started_at') }} < previous_ended_at then 1
            else 0
        end
    ) as overlap_count
from plays
group by listener
having
    sum(
        case
            when {{ dbt.dateadd('millisecond', var('max_overlap_ms'), 'started_at') }} < previous_ended_at then 1
            else 0
        end
    ) > 10 + count(*) * 0.01
