with

listener_tracks as (

    select * from {{ ref('agg_listener_tracks') }}
    where artist_key is not null

),

catalogue_tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

catalogue_artists as (

    select
        *,
        {{ hash_key(['artist_name']) }} as artist_key
    from {{ ref('int_catalogue_artists') }}

),

played_artists as (

    select
        artist_key,
        min(artist_name) as artist_name,
        count(distinct track_key) as track_count,
        count(distinct listener) as listener_count,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from listener_tracks
    group by artist_key

),

plays_by_artist as (

    select
        catalogue_tracks.album_artist_id as artist_id,
        sum(listener_tracks.play_count) as play_count
    from listener_tracks
    inner join catalogue_tracks
        on listener_tracks.track_id = catalogue_tracks.track_id
    group by catalogue_tracks.album_artist_id

),

ordered_namesakes as (

    select
        catalogue_artists.*,
        row_number() over (
            partition by catalogue_artists.artist_key
            order by
                coalesce(plays_by_artist.play_count, 0) desc,
                case when catalogue_artists.is_whole then 0 else 1 end,
                catalogue_artists.artist_id
        ) as namesake_number
    from catalogue_artists
    left join plays_by_artist
        on catalogue_artists.artist_id = plays_by_artist.artist_id

),

artists as (

    -- of several artists of one name, the one that was played most
    select * from ordered_namesakes
    where namesake_number = 1

),

final as (

    select
        coalesce(played_artists.artist_key, artists.artist_key) as artist_key,
        artists.artist_id,
        coalesce(played_artists.artist_name, artists.artist_name) as artist_name,
        artists.image_url,
        artists.follower_count,
        artists.popularity,
        coalesce(played_artists.track_count, 0) as track_count,
        coalesce(played_artists.listener_count, 0) as listener_count,
        coalesce(played_artists.play_count, 0) as play_count,
        coalesce(played_artists.stream_count, 0) as stream_count,
        played_artists.first_played_at,
        played_artists.last_played_at
    from played_artists
    full outer join artists
        on played_artists.artist_key = artists.artist_key

)

select * from final
