with

plays as (

    select * from {{ ref('fct_plays') }}
    where is_counted

),

final as (

    select
        listener,
        dow_name,
        year,
        dow,
        hour,
        count(*) as stream_count,
        {{ hours('sum(ms_played)') }} as listening_hours
    from plays
    group by listener, year, dow, dow_name, hour

)

select * from final
