-- Who has streams in a period, and how many?
select
    listener,
    sum(stream_count) as stream_count,
    sum(listening_hours) as listening_hours,
    sum(streaming_day_count) as streaming_day_count
from marts.agg_period_listening
where
    period_type = case :period_type when 'month' then 'month' else 'year' end
    and (period = :period or :period = 'all_time')
    and stream_count > 0
group by listener
order by listening_hours desc, listener
