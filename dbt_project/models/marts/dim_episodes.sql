with

plays as (

    select * from {{ ref('fct_plays') }}
    where episode_id is not null

),

catalogue_episodes as (

    select * from {{ ref('int_catalogue_episodes') }}

),

played_episodes as (

    select
        episode_id,
        {{ latest_by('episode_name', 'ended_at') }} as episode_name,
        {{ latest_by('show_name', 'ended_at') }} as show_name,
        count(*) as play_count,
        cast(sum(case when is_counted then 1 else 0 end) as {{ dbt.type_bigint() }}) as stream_count,
        min(ended_at) as first_played_at,
        max(ended_at) as last_played_at
    from plays
    group by episode_id

),

final as (

    select
        coalesce(played_episodes.episode_id, catalogue_episodes.episode_id) as episode_id,
        catalogue_episodes.show_id,
        coalesce(catalogue_episodes.episode_name, played_episodes.episode_name) as episode_name,
        coalesce(catalogue_episodes.show_name, played_episodes.show_name) as show_name,
        catalogue_episodes.language,
        catalogue_episodes.release_date_precision,
        catalogue_episodes.duration_ms,
        coalesce(played_episodes.play_count, 0) as play_count,
        coalesce(played_episodes.stream_count, 0) as stream_count,
        catalogue_episodes.episode_id is not null as is_known,
        catalogue_episodes.is_explicit,
        catalogue_episodes.release_date,
        played_episodes.first_played_at,
        played_episodes.last_played_at
    from played_episodes
    full outer join catalogue_episodes
        on played_episodes.episode_id = catalogue_episodes.episode_id

)

select * from final
