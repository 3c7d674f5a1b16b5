with

artists as (

    select * from {{ ref('stg_spotify_api__artists') }}
    where artist_id is not null

),

images as (

    select * from {{ ref('stg_spotify_api__artists__images') }}
    where image_position = 1

),

track_artists as (

    select * from {{ ref('int_catalogue_track_artists') }}

),

albums as (

    select * from {{ ref('int_catalogue_albums') }}

),

tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

list_entries as (

    select * from {{ ref('int_list_entries') }}
    where item_type = 'artist'

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

ordered_artists as (

    select
        *,
        row_number() over (partition by artist_id order by observed_at desc, row_key) as observation_number,
        row_number() over (
            partition by artist_id
            order by case when popularity is null then 1 else 0 end, observed_at desc, row_key
        ) as popularity_number,
        row_number() over (
            partition by artist_id
            order by case when follower_count is null then 1 else 0 end, observed_at desc, row_key
        ) as follower_number
    from artists

),

latest_artists as (

    select
        latest.row_key,
        latest.artist_id,
        latest.artist_name,
        images.image_url,
        popular.popularity,
        followed.follower_count
    from ordered_artists as latest
    inner join ordered_artists as popular
        on latest.artist_id = popular.artist_id
    inner join ordered_artists as followed
        on latest.artist_id = followed.artist_id
    left join images
        on latest.row_key = images.parent_key
    where
        latest.observation_number = 1
        and popular.popularity_number = 1
        and followed.follower_number = 1

),

all_names as (

    select
        artist_id,
        artist_name
    from latest_artists

    union all

    select
        artist_id,
        artist_name
    from track_artists

    union all

    select
        artist_id,
        artist_name
    from albums

    union all

    select
        album_artist_id as artist_id,
        album_artist_name as artist_name
    from tracks

    union all

    select
        item_id as artist_id,
        item_name as artist_name
    from list_entries

),

named_artists as (

    select distinct
        all_names.artist_id,
        coalesce(artist_names.current_name, all_names.artist_name) as artist_name
    from all_names
    left join artist_names
        on all_names.artist_name = artist_names.artist_name
    where all_names.artist_id is not null and all_names.artist_name is not null

),

final as (

    select
        latest_artists.row_key,
        named_artists.artist_id,
        named_artists.artist_name,
        latest_artists.image_url,
        latest_artists.popularity,
        latest_artists.follower_count,
        latest_artists.artist_id is not null as is_whole
    from named_artists
    left join latest_artists
        on named_artists.artist_id = latest_artists.artist_id

)

select * from final
