with

tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

track_artists as (

    select * from {{ ref('stg_spotify_api__tracks__artists') }}

),

credits as (

    select
        tracks.track_id,
        track_artists.artist_id,
        track_artists.artist_name,
        track_artists.artist_position
    from tracks
    inner join track_artists
        on tracks.row_key = track_artists.parent_key

)

select * from credits
