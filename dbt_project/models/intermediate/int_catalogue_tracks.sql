with

tracks as (

    select * from {{ ref('stg_spotify_api__tracks') }}
    where track_id is not null

),

album_artists as (

    select * from {{ ref('stg_spotify_api__tracks__album__artists') }}
    where artist_position = 1

),

album_images as (

    select * from {{ ref('stg_spotify_api__tracks__album__images') }}
    where image_position = 1

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

ordered_tracks as (

    select
        *,
        row_number() over (partition by track_id order by observed_at desc, row_key) as observation_number,
        row_number() over (
            partition by track_id
            order by case when popularity is null then 1 else 0 end, observed_at desc, row_key
        ) as popularity_number
    from tracks

),

known_popularities as (

    -- development-mode apps no longer get it: the last that is known stays
    select
        track_id,
        popularity
    from ordered_tracks
    where popularity_number = 1

),

latest_tracks as (

    select
        tracks.row_key,
        tracks.track_id,
        tracks.album_id,
        album_artists.artist_id as album_artist_id,
        tracks.isrc,
        tracks.track_name,
        tracks.album_name,
        coalesce(artist_names.current_name, album_artists.artist_name) as album_artist_name,
        tracks.release_date_precision,
        album_images.image_url,
        tracks.disc_number,
        tracks.track_number,
        tracks.duration_ms,
        known_popularities.popularity,
        tracks.is_explicit,
        {{ release_date('tracks.released_on') }} as release_date,
        tracks.observed_at
    from ordered_tracks as tracks
    inner join known_popularities
        on tracks.track_id = known_popularities.track_id
    left join album_artists
        on tracks.row_key = album_artists.parent_key
    left join artist_names
        on album_artists.artist_name = artist_names.artist_name
    left join album_images
        on tracks.row_key = album_images.parent_key
    where tracks.observation_number = 1

)

select * from latest_tracks
