with

listening_months as (

    select * from {{ ref('int_listening_months') }}

),

listener_zones as (

    select * from {{ ref('int_listener_time_zones') }}

),

country_zones as (

    select * from {{ ref('country_time_zones') }}

),

zones as (

    select time_zone from listener_zones
    union distinct
    select time_zone from country_zones
    where {{ var('use_country_time_zones') }}

),

numbers as (

    {{ dbt.generate_series(14610) }}

),

days as (

    select
        {{ dbt.dateadd(
            'day', 'generated_number - 1', "cast('2006-01-01' as " ~ dbt.type_timestamp() ~ ")",
        ) }} as day_start
    from numbers

),

span as (

    select
        min(ended_month) as first_month,
        max(ended_month) as last_month
    from listening_months

),

zone_days as (

    select
        zones.time_zone,
        days.day_start,
        {{ utc_offset_seconds('days.day_start', 'zones.time_zone') }} as offset_seconds,
        {{ utc_offset_seconds(dbt.dateadd('day', 1, 'days.day_start'), 'zones.time_zone') }} as next_offset_seconds
    from days
    inner join span
        on
            days.day_start >= span.first_month
            and days.day_start < {{ dbt.dateadd('month', 1, 'span.last_month') }}
    cross join zones

),

quarter_hours as (

    {{ dbt.generate_series(96) }}

),

change_quarters as (

    -- every zone changes its clocks on a quarter of an hour, and at most once in a day
    select
        zone_days.time_zone,
        zone_days.day_start,
        zone_days.offset_seconds,
        {{ dbt.dateadd('minute', '15 * (quarter_hours.generated_number - 1)', 'zone_days.day_start') }} as quarter_start
    from zone_days
    cross join quarter_hours
    where zone_days.offset_seconds != zone_days.next_offset_seconds

),

changes as (

    select
        time_zone,
        day_start,
        min(quarter_start) as changes_at
    from change_quarters
    where {{ utc_offset_seconds('quarter_start', 'time_zone') }} != offset_seconds
    group by time_zone, day_start

),

final as (

    select
        zone_days.time_zone,
        zone_days.offset_seconds,
        zone_days.next_offset_seconds,
        cast(zone_days.day_start as date) as utc_date,
        coalesce(changes.changes_at, {{ dbt.dateadd('day', 1, 'zone_days.day_start') }}) as changes_at
    from zone_days
    left join changes
        on
            zone_days.time_zone = changes.time_zone
            and zone_days.day_start = changes.day_start

)

select * from final
