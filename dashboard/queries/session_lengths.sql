-- How long are sessions, pauses included?
with lengths as (

    select
        session_seconds,
        stream_count,
        case
            when session_seconds < 900 then 1
            when session_seconds < 1800 then 2
            when session_seconds < 3600 then 3
            when session_seconds < 7200 then 4
            when session_seconds < 14400 then 5
            else 6
        end as length_class
    from marts.fct_sessions
    where
        listener = :listener
        and stream_count > 0
        and listening_date >= :from_date
        and listening_date < :until_date

)

select
    length_class,
    count(*) as session_count,
    sum(session_seconds) as session_seconds,
    sum(stream_count) as stream_count
from lengths
group by length_class
order by length_class
