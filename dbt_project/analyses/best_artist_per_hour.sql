-- Which artist does a listener stream most at each hour of the day?
with

ranked_artists as (

    select
        listener,
        hour,
        artist_name,
        count(*) as stream_count,
        row_number() over (partition by listener, hour order by count(*) desc, artist_name) as artist_rank
    from {{ ref('fct_plays') }}
    where is_counted and artist_name is not null
    group by listener, hour, artist_name

)

select * from ranked_artists
where artist_rank = 1
order by listener, hour
