with

item_streams as (

    select * from {{ ref('agg_period_item_streams') }}

),

period_listening as (

    select * from {{ ref('agg_period_listening') }}

),

tracks as (

    select * from {{ ref('dim_tracks') }}

),

recordings as (

    select * from {{ ref('dim_recordings') }}

),

artists as (

    select * from {{ ref('dim_artists') }}

),

albums as (

    select * from {{ ref('dim_albums') }}

),

artist_genres as (

    select
        artist_key,
        genre,
        count(*) over (partition by artist_key) as genre_count
    from {{ ref('bridge_artist_genres') }}

),

periods as (

    select
        listener,
        period_type,
        period,
        lag(period) over (partition by listener, period_type order by period) as previous_period
    from period_listening
    where stream_count > 0

),

played_items as (

    select
        listener,
        period_type,
        period,
        item_type,
        item_key,
        stream_count,
        listened_ms
    from item_streams

    union all

    select
        item_streams.listener,
        item_streams.period_type,
        item_streams.period,
        'recording' as item_type,
        tracks.recording_key as item_key,
        sum(item_streams.stream_count) as stream_count,
        sum(item_streams.listened_ms) as listened_ms
    from item_streams
    inner join tracks
        on item_streams.item_key = tracks.track_key
    where item_streams.item_type = 'track'
    group by item_streams.listener, item_streams.period_type, item_streams.period, tracks.recording_key

),

all_played_items as (

    select * from played_items

    union all

    select
        listener,
        'all_time' as period_type,
        'all_time' as period,
        item_type,
        item_key,
        sum(stream_count) as stream_count,
        sum(listened_ms) as listened_ms
    from played_items
    where period_type = 'year'
    group by listener, item_type, item_key

),

items as (

    -- credits are whole millionths of a stream: a sum of fractions depends on its order
    select
        *,
        stream_count * 1000000 as stream_credit
    from all_played_items

    union all

    select
        all_played_items.listener,
        all_played_items.period_type,
        all_played_items.period,
        'genre' as item_type,
        artist_genres.genre as item_key,
        sum(all_played_items.stream_count) as stream_count,
        sum(floor(all_played_items.listened_ms / artist_genres.genre_count)) as listened_ms,
        sum(floor(all_played_items.stream_count * 1000000 / artist_genres.genre_count)) as stream_credit
    from all_played_items
    inner join artist_genres
        on all_played_items.item_key = artist_genres.artist_key
    where all_played_items.item_type = 'artist'
    group by all_played_items.listener, all_played_items.period_type, all_played_items.period, artist_genres.genre

),

ranked_items as (

    select
        *,
        cast(stream_credit as {{ type_double() }})
        / sum(stream_credit) over (partition by listener, period_type, period, item_type) as stream_share,
        row_number() over (
            partition by listener, period_type, period, item_type
            order by stream_credit desc, listened_ms desc, item_key
        ) as item_rank
    from items

),

items_with_last as (

    select
        *,
        lag(period) over (
            partition by listener, period_type, item_type, item_key order by period
        ) as last_period,
        lag(item_rank) over (
            partition by listener, period_type, item_type, item_key order by period
        ) as last_rank
    from ranked_items

),

moved_items as (

    select
        items_with_last.*,
        case when items_with_last.item_type = 'track' then items_with_last.item_key end as track_key,
        case when items_with_last.item_type = 'recording' then items_with_last.item_key end as recording_key,
        case when items_with_last.item_type = 'artist' then items_with_last.item_key end as artist_key,
        case when items_with_last.item_type = 'album' then items_with_last.item_key end as album_key,
        case
            when items_with_last.last_period = periods.previous_period then items_with_last.last_rank
        end as previous_rank
    from items_with_last
    left join periods
        on
            items_with_last.listener = periods.listener
            and items_with_last.period_type = periods.period_type
            and items_with_last.period = periods.period

),

final as (

    select
        moved_items.listener,
        moved_items.item_key,
        moved_items.period_type,
        moved_items.period,
        moved_items.item_type,
        coalesce(
            tracks.track_name, recordings.track_name, albums.album_name, artists.artist_name, moved_items.item_key
        ) as item_name,
        coalesce(tracks.artist_name, recordings.artist_name, albums.artist_name, artists.artist_name) as artist_name,
        cast(moved_items.stream_count as {{ dbt.type_bigint() }}) as stream_count,
        moved_items.item_rank,
        moved_items.previous_rank,
        moved_items.previous_rank - moved_items.item_rank as rank_change,
        {{ hours('moved_items.listened_ms') }} as listening_hours,
        moved_items.stream_share,
        case
            when moved_items.period_type != 'all_time' then moved_items.last_period is null
        end as is_new
    from moved_items
    left join tracks
        on moved_items.track_key = tracks.track_key
    left join recordings
        on moved_items.recording_key = recordings.recording_key
    left join artists
        on moved_items.artist_key = artists.artist_key
    left join albums
        on moved_items.album_key = albums.album_key

)

select * from final
