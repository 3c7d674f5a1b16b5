-- int_utc_offsets asks each zone once a day; here it is asked at every quarter of an hour of the
-- days that matter: those of a change and their neighbours
with

utc_offsets as (

    select * from {{ ref('int_utc_offsets') }}

),

quarter_hours as (

    {{ dbt.generate_series(96) }}

),

changing_days as (

    select
        time_zone,
        utc_date as change_date
    from utc_offsets
    where offset_seconds != next_offset_seconds

),

moments as (

    select
        utc_offsets.*,
        {{ dbt.dateadd(
            'minute',
            '15 * (quarter_hours.generated_number - 1)',
            'cast(utc_offsets.utc_date as ' ~ dbt.type_timestamp() ~ ')',
        ) }} as moment
    from utc_offsets
    inner join changing_days
        on
            utc_offsets.time_zone = changing_days.time_zone
            and utc_offsets.utc_date >= {{ dbt.dateadd('day', -1, 'changing_days.change_date') }}
            and utc_offsets.utc_date <= {{ dbt.dateadd('day', 1, 'changing_days.change_date') }}
    cross join quarter_hours

)

select *
from moments
where
    {{ utc_offset_seconds('moment', 'time_zone') }}
    != case when moment < changes_at then offset_seconds else next_offset_seconds end
