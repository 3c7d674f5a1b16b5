with

tracks as (

    select * from {{ ref('dim_tracks') }}

),

track_artists as (

    select * from {{ ref('int_catalogue_track_artists') }}
    where artist_name is not null

),

credits as (

    select
        tracks.track_key,
        {{ hash_key(['track_artists.artist_name']) }} as artist_key,
        track_artists.artist_id,
        track_artists.artist_name,
        track_artists.artist_position
    from tracks
    inner join track_artists
        on tracks.catalogue_track_id = track_artists.track_id

),

credited_tracks as (

    select
        track_key,
        count(*) as artist_count
    from credits
    group by track_key

),

all_credits as (

    select
        credits.*,
        credited_tracks.artist_count
    from credits
    inner join credited_tracks
        on credits.track_key = credited_tracks.track_key

    union all

    -- the export names one artist, that of the album
    select
        tracks.track_key,
        tracks.artist_key,
        tracks.artist_id,
        tracks.artist_name,
        1 as artist_position,
        1 as artist_count
    from tracks
    left join credited_tracks
        on tracks.track_key = credited_tracks.track_key
    where credited_tracks.track_key is null and tracks.artist_key is not null

),

final as (

    select
        track_key,
        artist_key,
        artist_id,
        artist_name,
        artist_position,
        cast(1 as {{ type_double() }}) / artist_count as credit_share,
        artist_position = 1 as is_primary
    from all_credits

)

select * from final
