with

episodes as (

    select * from {{ ref('dim_episodes') }}
    where show_id is not null

),

catalogue_shows as (

    select * from {{ ref('int_catalogue_shows') }}

),

named_shows as (

    select
        show_id,
        min(show_name) as show_name,
        cast(sum(case when play_count > 0 then 1 else 0 end) as {{ dbt.type_bigint() }}) as played_episode_count,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from episodes
    group by show_id

),

final as (

    select
        coalesce(named_shows.show_id, catalogue_shows.show_id) as show_id,
        coalesce(catalogue_shows.show_name, named_shows.show_name) as show_name,
        catalogue_shows.publisher_name,
        catalogue_shows.episode_count,
        coalesce(named_shows.played_episode_count, 0) as played_episode_count,
        coalesce(named_shows.play_count, 0) as play_count,
        coalesce(named_shows.stream_count, 0) as stream_count,
        catalogue_shows.show_id is not null as is_known,
        catalogue_shows.is_explicit,
        named_shows.first_played_at,
        named_shows.last_played_at
    from named_shows
    full outer join catalogue_shows
        on named_shows.show_id = catalogue_shows.show_id

)

select * from final
