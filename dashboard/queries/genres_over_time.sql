-- What share of each month or year had the genres that were heard most, the first of them first?
-- By the rule of agg_period_items, a stream shared equally among its artist's genres, in whole
-- millionths: which were heard most of all needs their sums over several periods.
with artist_genres as (

    select
        artist_key,
        genre,
        count(*) over (partition by artist_key) as genre_count
    from marts.bridge_artist_genres

),

steps as (

    select
        listening.period_start_date as start_date,
        artist_genres.genre,
        sum(floor(items.stream_count * 1000000 / artist_genres.genre_count)) as stream_credit,
        sum(floor(items.listened_ms / artist_genres.genre_count)) as listened_ms
    from marts.agg_period_item_streams as items
    inner join marts.agg_period_listening as listening
        on
            items.listener = listening.listener
            and items.period_type = listening.period_type
            and items.period = listening.period
    inner join artist_genres
        on items.item_key = artist_genres.artist_key
    where
        items.listener = :listener
        and items.item_type = 'artist'
        and items.period_type = :unit
        and listening.period_start_date >= :from_date
        and listening.period_start_date < :until_date
    group by listening.period_start_date, artist_genres.genre

),

best_genres as (

    select
        genre,
        row_number() over (
            order by sum(stream_credit) desc, sum(listened_ms) desc, genre
        ) as genre_rank
    from steps
    group by genre
    order by genre_rank
    limit :row_count

),

shares as (

    select
        start_date,
        genre,
        cast(stream_credit as double precision)
        / sum(stream_credit) over (partition by start_date) as stream_share
    from steps

)

select
    shares.start_date,
    shares.genre,
    best_genres.genre_rank,
    shares.stream_share
from shares
inner join best_genres
    on shares.genre = best_genres.genre
order by best_genres.genre_rank, shares.start_date
