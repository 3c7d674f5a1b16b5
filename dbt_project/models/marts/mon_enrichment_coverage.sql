with

tracks as (

    select * from {{ ref('dim_tracks') }}

),

episodes as (

    select * from {{ ref('dim_episodes') }}

),

shows as (

    select * from {{ ref('dim_shows') }}

),

catalogue_albums as (

    select * from {{ ref('int_catalogue_albums') }}

),

catalogue_artists as (

    select
        artist_id,
        max(case when is_whole then 1 else 0 end) = 1 as is_known
    from {{ ref('int_catalogue_artists') }}
    group by artist_id

),

audio_features as (

    select distinct track_id
    from {{ ref('stg_spotify_api__track_audio_features') }}

),

misses as (

    select distinct
        kind,
        missed_id
    from {{ ref('stg_spotify_api__catalogue_misses') }}

),

album_plays as (

    select
        album_id,
        sum(play_count) as play_count
    from tracks
    group by album_id

),

artist_plays as (

    select
        artist_id,
        sum(play_count) as play_count
    from tracks
    group by artist_id

),

mentions as (

    -- a track without an id goes by its key
    select
        'tracks' as kind,
        coalesce(track_id, track_key) as mentioned_id,
        catalogue_track_id is not null as is_known,
        play_count
    from tracks

    union all

    select
        'track_audio_features' as kind,
        tracks.track_id as mentioned_id,
        audio_features.track_id is not null as is_known,
        tracks.play_count
    from tracks
    left join audio_features
        on tracks.track_id = audio_features.track_id
    where tracks.track_id is not null

    union all

    select
        'albums' as kind,
        catalogue_albums.album_id as mentioned_id,
        catalogue_albums.is_whole as is_known,
        coalesce(album_plays.play_count, 0) as play_count
    from catalogue_albums
    left join album_plays
        on catalogue_albums.album_id = album_plays.album_id

    union all

    select
        'artists' as kind,
        catalogue_artists.artist_id as mentioned_id,
        catalogue_artists.is_known,
        coalesce(artist_plays.play_count, 0) as play_count
    from catalogue_artists
    left join artist_plays
        on catalogue_artists.artist_id = artist_plays.artist_id

    union all

    select
        'episodes' as kind,
        episode_id as mentioned_id,
        is_known,
        play_count
    from episodes

    union all

    select
        'shows' as kind,
        show_id as mentioned_id,
        is_known,
        play_count
    from shows

),

judged_mentions as (

    select
        mentions.kind,
        mentions.play_count,
        case when mentions.is_known then 1 else 0 end as known,
        case when misses.missed_id is not null and not mentions.is_known then 1 else 0 end as missed
    from mentions
    left join misses
        on
            mentions.kind = misses.kind
            and mentions.mentioned_id = misses.missed_id

),

final as (

    select
        kind,
        count(*) as mentioned_count,
        cast(sum(known) as {{ dbt.type_bigint() }}) as known_count,
        cast(sum(missed) as {{ dbt.type_bigint() }}) as missed_count,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(known * play_count) as {{ dbt.type_bigint() }}) as known_play_count,
        cast(sum(known) as {{ type_double() }}) / count(*) as coverage_share,
        cast(sum(known * play_count) as {{ type_double() }}) / nullif(sum(play_count), 0) as play_coverage_share
    from judged_mentions
    group by kind

)

select * from final
