with

listeners as (

    select * from {{ ref('stg_spotify_export__listeners') }}

),

moves as (

    select * from {{ ref('listener_time_zones') }}

),

zones as (

    select
        listener,
        time_zone,
        valid_from
    from moves

    union all

    select
        listener,
        time_zone,
        cast('1900-01-01' as {{ dbt.type_timestamp() }}) as valid_from
    from listeners
    where listener not in (select moves.listener from moves)

),

periods as (

    select
        listener,
        time_zone,
        -- the earliest zone also covers whatever came before it
        case
            when row_number() over (partition by listener order by valid_from) = 1
                then cast('1900-01-01' as {{ dbt.type_timestamp() }})
            else valid_from
        end as valid_from,
        lead(valid_from, 1, cast('9999-12-31' as {{ dbt.type_timestamp() }}))
            over (partition by listener order by valid_from) as valid_until
    from zones

)

select * from periods
