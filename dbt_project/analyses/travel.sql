-- In which countries did a listener hear music, month by month, and on what?
select
    listener,
    year_month,
    conn_country,
    platform_family,
    stream_count,
    listening_hours
from {{ ref('agg_monthly_habits') }}
where conn_country != 'ZZ' and stream_count > 0
order by listener, year_month, listening_hours desc
