-- a session begins after the one before it has ended
with

sessions as (

    select
        listener,
        started_at,
        lag(ended_at) over (partition by listener order by started_at) as previous_ended_at
    from {{ ref('fct_sessions') }}

)

select *
from sessions
where started_at <= previous_ended_at
