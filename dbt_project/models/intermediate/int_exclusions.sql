{{ config(materialized='view') }}

with

exclusions as (

    select * from {{ ref('exclusions') }}

),

listeners as (

    select distinct listener from {{ ref('int_listener_time_zones') }}

),

exclusions_by_listener as (

    select distinct
        listeners.listener,
        exclusions.kind,
        case
            when exclusions.kind = 'playlist'
                then {{ dbt.concat(["'spotify:playlist:'", 'exclusions.excluded']) }}
            else exclusions.excluded
        end as excluded
    from exclusions
    inner join listeners
        on coalesce(nullif(exclusions.listener, ''), listeners.listener) = listeners.listener

)

select * from exclusions_by_listener
