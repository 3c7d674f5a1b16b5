with

episodes as (

    select * from {{ ref('stg_spotify_api__episodes') }}
    where episode_id is not null

),

ordered_episodes as (

    select
        *,
        row_number() over (partition by episode_id order by observed_at desc, row_key) as observation_number
    from episodes

),

latest_episodes as (

    select
        episode_id,
        show_id,
        episode_name,
        show_name,
        language,
        release_date_precision,
        duration_ms,
        is_explicit,
        {{ release_date('released_on') }} as release_date
    from ordered_episodes
    where observation_number = 1

)

select * from latest_episodes
