with

tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

track_artists as (

    select * from {{ ref('stg_spotify_api__tracks__artists') }}

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

credits as (

    select
        tracks.track_id,
        track_artists.artist_id,
        coalesce(artist_names.current_name, track_artists.artist_name) as artist_name,
        track_artists.artist_position
    from tracks
    inner join track_artists
        on tracks.row_key = track_artists.parent_key
    left join artist_names
        on track_artists.artist_name = artist_names.artist_name

)

select * from credits
