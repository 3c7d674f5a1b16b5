with

albums as (

    select * from {{ ref('stg_spotify_api__albums') }}
    where album_id is not null

),

tracks as (

    select * from {{ ref('stg_spotify_api__tracks') }}
    where album_id is not null

),

album_artists as (

    select * from {{ ref('stg_spotify_api__albums__artists') }}
    where artist_position = 1
    union all
    select * from {{ ref('stg_spotify_api__tracks__album__artists') }}
    where artist_position = 1

),

album_images as (

    select * from {{ ref('stg_spotify_api__albums__images') }}
    where image_position = 1
    union all
    select * from {{ ref('stg_spotify_api__tracks__album__images') }}
    where image_position = 1

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

observations as (

    select
        row_key,
        album_id,
        upc,
        album_name,
        album_type,
        label,
        release_date_precision,
        released_on,
        album_track_count,
        popularity,
        true as is_whole,
        observed_at
    from albums

    union all

    -- a track tells the most of its album
    select
        row_key,
        album_id,
        null as upc,
        album_name,
        album_type,
        null as label,
        release_date_precision,
        released_on,
        album_track_count,
        null as popularity,
        false as is_whole,
        observed_at
    from tracks

),

ordered_observations as (

    select
        *,
        row_number() over (partition by album_id order by observed_at desc, row_key) as observation_number,
        row_number() over (
            partition by album_id
            order by case when is_whole then 0 else 1 end, observed_at desc, row_key
        ) as whole_number,
        row_number() over (
            partition by album_id
            order by case when popularity is null then 1 else 0 end, observed_at desc, row_key
        ) as popularity_number
    from observations

),

latest_albums as (

    select
        latest.album_id,
        album_artists.artist_id,
        whole.upc,
        latest.album_name,
        coalesce(artist_names.current_name, album_artists.artist_name) as artist_name,
        latest.album_type,
        whole.label,
        latest.release_date_precision,
        album_images.image_url,
        latest.album_track_count,
        popular.popularity,
        whole.is_whole,
        {{ release_date('latest.released_on') }} as release_date,
        latest.observed_at
    from ordered_observations as latest
    inner join ordered_observations as whole
        on latest.album_id = whole.album_id
    inner join ordered_observations as popular
        on latest.album_id = popular.album_id
    left join album_artists
        on latest.row_key = album_artists.parent_key
    left join artist_names
        on album_artists.artist_name = artist_names.artist_name
    left join album_images
        on latest.row_key = album_images.parent_key
    where
        latest.observation_number = 1
        and whole.whole_number = 1
        and popular.popularity_number = 1

)

select * from latest_albums
