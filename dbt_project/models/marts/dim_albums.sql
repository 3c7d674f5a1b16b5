with

listener_tracks as (

    select * from {{ ref('agg_listener_tracks') }}
    where album_key is not null

),

catalogue_tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

catalogue_albums as (

    select
        *,
        case when artist_name is not null then {{ hash_key(['artist_name']) }} end as artist_key,
        {{ hash_key(['artist_name', 'album_name']) }} as album_key
    from {{ ref('int_catalogue_albums') }}
    where album_name is not null

),

played_albums as (

    select
        album_key,
        min(artist_key) as artist_key,
        min(album_name) as album_name,
        min(artist_name) as artist_name,
        count(distinct track_key) as track_count,
        count(distinct listener) as listener_count,
        cast(sum(play_count) as {{ dbt.type_bigint() }}) as play_count,
        cast(sum(stream_count) as {{ dbt.type_bigint() }}) as stream_count,
        min(first_played_at) as first_played_at,
        max(last_played_at) as last_played_at
    from listener_tracks
    group by album_key

),

plays_by_release as (

    select
        catalogue_tracks.album_id,
        sum(listener_tracks.play_count) as play_count
    from listener_tracks
    inner join catalogue_tracks
        on listener_tracks.track_id = catalogue_tracks.track_id
    group by catalogue_tracks.album_id

),

ordered_releases as (

    select
        catalogue_albums.*,
        row_number() over (
            partition by catalogue_albums.album_key
            order by
                coalesce(plays_by_release.play_count, 0) desc,
                catalogue_albums.release_date,
                catalogue_albums.album_id
        ) as release_number
    from catalogue_albums
    left join plays_by_release
        on catalogue_albums.album_id = plays_by_release.album_id

),

releases as (

    -- of several releases of one name, the one that was played most
    select * from ordered_releases
    where release_number = 1

),

final as (

    select
        coalesce(played_albums.album_key, releases.album_key) as album_key,
        coalesce(played_albums.artist_key, releases.artist_key) as artist_key,
        releases.album_id,
        releases.artist_id,
        releases.upc,
        coalesce(played_albums.album_name, releases.album_name) as album_name,
        coalesce(played_albums.artist_name, releases.artist_name) as artist_name,
        releases.album_type,
        releases.label,
        releases.release_date_precision,
        releases.image_url,
        releases.album_track_count,
        releases.popularity,
        cast(extract(year from releases.release_date) as {{ dbt.type_int() }}) as release_year,
        cast(floor(extract(year from releases.release_date) / 10) * 10 as {{ dbt.type_int() }}) as release_decade,
        coalesce(played_albums.track_count, 0) as track_count,
        coalesce(played_albums.listener_count, 0) as listener_count,
        coalesce(played_albums.play_count, 0) as play_count,
        coalesce(played_albums.stream_count, 0) as stream_count,
        releases.release_date,
        played_albums.first_played_at,
        played_albums.last_played_at
    from played_albums
    full outer join releases
        on played_albums.album_key = releases.album_key

)

select * from final
