with

artists as (

    select distinct
        row_key,
        artist_id
    from {{ ref('int_catalogue_artists') }}
    where is_whole

),

genres as (

    select * from {{ ref('stg_spotify_api__artists__genres') }}

),

broad_genres as (

    select * from {{ ref('broad_genres') }}

),

distinct_genres as (

    select
        genre,
        {{ dbt.concat(["' '", dbt.replace(lower_case('genre'), "'-'", "' '"), "' '"]) }} as spaced_genre
    from genres
    group by genre

),

judged_genres as (

    select
        distinct_genres.genre,
        broad_genres.broad_genre,
        row_number() over (
            partition by distinct_genres.genre
            order by broad_genres.priority, length(broad_genres.keyword) desc, broad_genres.keyword
        ) as keyword_number
    from distinct_genres
    inner join broad_genres
        on distinct_genres.spaced_genre like {{ dbt.concat(["'% '", 'broad_genres.keyword', "' %'"]) }}

),

final as (

    select
        artists.artist_id,
        genres.genre,
        coalesce(judged_genres.broad_genre, 'other') as broad_genre,
        min(genres.genre_position) as genre_position
    from artists
    inner join genres
        on artists.row_key = genres.parent_key
    left join judged_genres
        on
            genres.genre = judged_genres.genre
            and judged_genres.keyword_number = 1
    group by artists.artist_id, genres.genre, coalesce(judged_genres.broad_genre, 'other')

)

select * from final
