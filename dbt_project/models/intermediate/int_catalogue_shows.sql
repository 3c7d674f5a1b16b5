with

shows as (

    select * from {{ ref('stg_spotify_api__shows') }}
    where show_id is not null

),

ordered_shows as (

    select
        *,
        row_number() over (partition by show_id order by observed_at desc, row_key) as observation_number
    from shows

),

latest_shows as (

    select
        show_id,
        show_name,
        publisher_name,
        episode_count,
        is_explicit
    from ordered_shows
    where observation_number = 1

)

select * from latest_shows
