with

artists as (

    select * from {{ ref('dim_artists') }}

),

artist_genres as (

    select * from {{ ref('int_artist_genres') }}

),

final as (

    select
        artists.artist_key,
        artists.artist_id,
        artist_genres.genre,
        artist_genres.broad_genre,
        artist_genres.genre_position
    from artists
    inner join artist_genres
        on artists.artist_id = artist_genres.artist_id

)

select * from final
