with

name_matches as (

    select * from {{ ref('stg_spotify_api__name_matches') }}
    where track_id is not null

),

tracks as (

    select * from {{ ref('int_catalogue_tracks') }}

),

track_artists as (

    select * from {{ ref('int_catalogue_track_artists') }}

),

artist_names as (

    select * from {{ ref('artist_names') }}

),

candidates as (

    select
        coalesce(artist_names.current_name, name_matches.artist_name) as artist_name,
        name_matches.track_name,
        name_matches.track_id
    from name_matches
    left join artist_names
        on name_matches.artist_name = artist_names.artist_name

    union all

    -- what the catalogue has by these very names is not searched for
    select
        track_artists.artist_name,
        tracks.track_name,
        tracks.track_id
    from tracks
    inner join track_artists
        on tracks.track_id = track_artists.track_id

),

matches as (

    select
        artist_name,
        track_name,
        min(track_id) as track_id
    from candidates
    group by artist_name, track_name

)

select * from matches
