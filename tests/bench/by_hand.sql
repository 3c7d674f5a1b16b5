-- What a good analyst would write by hand: the same files, the same marts, one script.
-- One listener, one source, no tests, no increments; one zone, as a literal.
set TimeZone = 'UTC';
create schema by_hand;

create table by_hand.raw as
select * from read_json('{files}', format = 'array', columns = {{
    ts: 'TIMESTAMP', platform: 'VARCHAR', ms_played: 'BIGINT', conn_country: 'VARCHAR',
    master_metadata_track_name: 'VARCHAR', master_metadata_album_artist_name: 'VARCHAR',
    master_metadata_album_album_name: 'VARCHAR', spotify_track_uri: 'VARCHAR',
    episode_name: 'VARCHAR', episode_show_name: 'VARCHAR', spotify_episode_uri: 'VARCHAR',
    audiobook_title: 'VARCHAR', audiobook_uri: 'VARCHAR', audiobook_chapter_uri: 'VARCHAR',
    audiobook_chapter_title: 'VARCHAR', reason_start: 'VARCHAR', reason_end: 'VARCHAR',
    shuffle: 'BOOLEAN', skipped: 'BOOLEAN', offline: 'BOOLEAN', offline_timestamp: 'BIGINT',
    incognito_mode: 'BOOLEAN'}});

create table by_hand.fct_plays as
with once as (
    select
        *,
        coalesce(spotify_track_uri, spotify_episode_uri, audiobook_chapter_uri) as uri,
        row_number() over (
            partition by ts, ms_played, coalesce(spotify_track_uri, spotify_episode_uri, audiobook_chapter_uri)
        ) as repetition
    from by_hand.raw
),
gaps as (
    select
        * exclude (repetition),
        date_diff('second', lag(ts) over (
            partition by uri, ms_played, reason_start, reason_end, offline_timestamp order by ts
        ), ts) as gap,
        timezone('Europe/Oslo', timezone('UTC', ts)) as ended_at_local
    from once
    where repetition = 1
)
select
    md5(concat_ws('|', ts, ms_played, uri)) as play_key,
    md5(coalesce(spotify_track_uri, '')) as track_key,
    md5(coalesce(master_metadata_album_artist_name, '')) as artist_key,
    md5(concat_ws('|', master_metadata_album_artist_name, master_metadata_album_album_name)) as album_key,
    gaps.* exclude (gap, uri),
    cast(ended_at_local as date) as listening_date,
    strftime(ended_at_local, '%Y-%m') as year_month,
    year(ended_at_local) as year,
    isodow(ended_at_local) as dow,
    hour(ended_at_local) as hour,
    ts - to_milliseconds(ms_played) as started_at,
    coalesce(gap * 1000 + 13000 < ms_played, false) as is_retry,
    ms_played >= 30000 and not coalesce(gap * 1000 + 13000 < ms_played, false) as is_counted
from gaps;

create table by_hand.dim_tracks as
select
    track_key, max_by(master_metadata_track_name, ts) as track_name,
    max_by(master_metadata_album_artist_name, ts) as artist_name,
    max_by(master_metadata_album_album_name, ts) as album_name,
    count(*) as plays, count(*) filter (is_counted) as streams, min(ts) as first_at, max(ts) as last_at
from by_hand.fct_plays where spotify_track_uri is not null group by track_key;

create table by_hand.dim_artists as
select
    artist_key, min(master_metadata_album_artist_name) as artist_name, count(distinct track_key) as tracks,
    count(*) as plays, count(*) filter (is_counted) as streams, min(ts) as first_at, max(ts) as last_at
from by_hand.fct_plays where master_metadata_album_artist_name is not null group by artist_key;

create table by_hand.dim_albums as
select
    album_key, min(master_metadata_album_album_name) as album_name, count(distinct track_key) as tracks,
    count(*) as plays, count(*) filter (is_counted) as streams, min(ts) as first_at, max(ts) as last_at
from by_hand.fct_plays where master_metadata_album_album_name is not null group by album_key;

create table by_hand.fct_sessions as
with starts as (
    select
        *,
        coalesce(started_at > lag(ts) over (order by ts, play_key) + interval 30 minutes, true) as is_start
    from by_hand.fct_plays where not is_retry
),
numbered as (
    select *, sum(is_start::int) over (order by ts, play_key rows unbounded preceding) as session from starts
)
select
    session, count(*) as plays, count(*) filter (is_counted) as streams, count(*) filter (skipped) as skips,
    count(distinct track_key) as tracks, sum(ms_played) as ms_played, min(started_at) as started_at,
    max(ts) as ended_at
from numbered group by session;

create table by_hand.agg_daily_listening as
select
    listening_date, count(*) as plays, count(*) filter (is_counted) as streams,
    count(distinct track_key) filter (is_counted) as tracks,
    count(distinct artist_key) filter (is_counted) as artists,
    sum(ms_played) filter (is_counted) / 3.6e6 as hours
from by_hand.fct_plays group by listening_date;

create table by_hand.agg_monthly_artists as
select
    year_month, artist_key, min(master_metadata_album_artist_name) as artist_name, count(*) as streams,
    count(distinct track_key) as tracks, sum(ms_played) / 3.6e6 as hours,
    row_number() over (partition by year_month order by count(*) desc, sum(ms_played) desc, artist_key) as rank
from by_hand.fct_plays where is_counted and master_metadata_album_artist_name is not null
group by year_month, artist_key;

create table by_hand.agg_yearly_tracks as
select
    year, track_key, count(*) as streams, sum(ms_played) / 3.6e6 as hours,
    row_number() over (partition by year order by count(*) desc, sum(ms_played) desc, track_key) as rank
from by_hand.fct_plays where is_counted and spotify_track_uri is not null group by year, track_key;

create table by_hand.agg_listening_clock as
select year, dow, hour, count(*) as streams, sum(ms_played) / 3.6e6 as hours
from by_hand.fct_plays where is_counted group by year, dow, hour;

create table by_hand.bridge_play_records as
select
    raw.rowid as record, md5(concat_ws('|', ts, ms_played, coalesce(
        spotify_track_uri, spotify_episode_uri, audiobook_chapter_uri
    ))) as play_key
from by_hand.raw;

create table by_hand.agg_listener_tracks as
select
    track_key, artist_key, album_key, max_by(master_metadata_track_name, ts) as track_name,
    min(master_metadata_album_artist_name) as artist_name, min(master_metadata_album_album_name) as album_name,
    count(*) as plays, count(*) filter (is_counted) as streams,
    sum(ms_played) filter (is_counted) / 3.6e6 as hours, min(ts) as first_at, max(ts) as last_at
from by_hand.fct_plays where spotify_track_uri is not null group by track_key, artist_key, album_key;

create table by_hand.agg_period_listening as
with periods as (
    select *, unnest([
        {{kind: 'week', period: strftime(listening_date, '%G-W%V')}},
        {{kind: 'month', period: year_month}},
        {{kind: 'year', period: year::varchar}}
    ], recursive := true)
    from by_hand.fct_plays
),
totals as (
    select
        kind, period, min(listening_date) as starts, count(*) as plays, count(*) filter (is_counted) as streams,
        sum(ms_played) filter (is_counted) as ms_played, count(*) filter (skipped) as skips,
        avg(shuffle::int) as shuffle_share, avg(offline::int) as offline_share, avg(incognito_mode::int) as private_share,
        count(distinct track_key) filter (is_counted) as tracks,
        count(distinct artist_key) filter (is_counted) as artists,
        count(distinct album_key) filter (is_counted) as albums,
        count(distinct listening_date) filter (is_counted) as days
    from periods group by kind, period
),
debuts as (
    select min(ts) as ts, 'track' as item from by_hand.fct_plays where is_counted group by track_key
    union all
    select min(ts) as ts, 'artist' as item from by_hand.fct_plays where is_counted group by artist_key
),
new_items as (
    select kind, period, count(*) filter (item = 'track') as tracks, count(*) filter (item = 'artist') as artists
    from (
        select item, unnest([
            {{kind: 'week', period: strftime(ts, '%G-W%V')}},
            {{kind: 'month', period: strftime(ts, '%Y-%m')}},
            {{kind: 'year', period: strftime(ts, '%Y')}}
        ], recursive := true)
        from debuts
    )
    group by kind, period
)
select
    totals.*, new_items.tracks as new_tracks, new_items.artists as new_artists,
    lag(streams) over before as previous_streams, lag(ms_played) over before as previous_ms_played
from totals left join new_items using (kind, period)
window before as (partition by kind order by period);

create table by_hand.agg_period_items as
with streams as (
    select
        year_month, year, ms_played, unnest([
            {{item: 'track', item_key: track_key, name: master_metadata_track_name}},
            {{
                item: 'recording',
                item_key: md5(lower(master_metadata_album_artist_name || '|' || master_metadata_track_name)),
                name: master_metadata_track_name
            }},
            {{item: 'artist', item_key: artist_key, name: master_metadata_album_artist_name}},
            {{item: 'album', item_key: album_key, name: master_metadata_album_album_name}},
            {{item: 'show', item_key: episode_show_name, name: episode_show_name}}
        ], recursive := true)
    from by_hand.fct_plays where is_counted
),
months as (
    select
        'month' as kind, year_month as period, item, item_key, min(name) as name, count(*) as streams,
        sum(ms_played) as ms_played
    from streams where name is not null group by year_month, item, item_key
),
years as (
    select
        'year' as kind, left(period, 4) as period, item, item_key, min(name) as name, sum(streams) as streams,
        sum(ms_played) as ms_played
    from months group by left(period, 4), item, item_key
),
items as (
    from months union all from years union all
    select 'all_time', 'all_time', item, item_key, min(name), sum(streams), sum(ms_played)
    from years group by item, item_key
),
ranked as (
    select
        *, streams / sum(streams) over (partition by kind, period, item) as share,
        row_number() over (partition by kind, period, item order by streams desc, ms_played desc, item_key) as rank
    from items
)
select *, lag(rank) over (partition by kind, item, item_key order by period) as previous_rank from ranked;

create table by_hand.agg_monthly_habits as
select
    year_month, platform, coalesce(conn_country, 'ZZ') as country, count(*) as plays,
    count(*) filter (is_counted) as streams, count(*) filter (skipped) as skips,
    count(*) filter (shuffle) as shuffled, count(*) filter (offline) as offline,
    count(*) filter (incognito_mode) as private, sum(ms_played) filter (is_counted) / 3.6e6 as hours
from by_hand.fct_plays group by all;

create table by_hand.fct_streaks as
with days as (
    select listening_date, count(*) as streams, sum(ms_played) as ms_played,
        listening_date - (row_number() over (order by listening_date))::int as day_before
    from by_hand.fct_plays where is_counted group by listening_date
)
select min(listening_date) as starts, max(listening_date) as ends, count(*) as days, sum(streams) as streams,
    sum(ms_played) / 3.6e6 as hours
from days group by day_before;

create table by_hand.fct_milestones as
with numbered as (
    select play_key, ts, row_number() over (order by ts, play_key) as number,
        sum(ms_played) over (order by ts, play_key rows unbounded preceding) as so_far, ms_played
    from by_hand.fct_plays where is_counted
)
select play_key, ts, number, so_far from numbered
where number in (1, 100, 1000) or number % 5000 = 0 or so_far // 3600000000 > (so_far - ms_played) // 3600000000;

create table by_hand.agg_year_in_review as
with tops as (
    select
        period, max(name) filter (item = 'track') as track, max(name) filter (item = 'artist') as artist,
        max(name) filter (item = 'album') as album, max(name) filter (item = 'show') as show
    from by_hand.agg_period_items where kind = 'year' and rank = 1 group by period
),
wrapped as (
    select year::varchar as period, count(*) as streams, sum(ms_played) as ms_played
    from by_hand.fct_plays
    where not is_retry and ms_played >= 30000 and not coalesce(incognito_mode, false) and episode_name is null
        and strftime(listening_date, '%m%d') <= '1115'
    group by year
),
days as (
    select year(listening_date)::varchar as period, max_by(listening_date, hours) as peak_date, max(hours) as peak_hours
    from by_hand.agg_daily_listening group by all
),
sessions as (
    select year(started_at)::varchar as period, max(epoch(ended_at - started_at)) as longest_session
    from by_hand.fct_sessions group by all
)
select agg_period_listening.*, tops.* exclude (period), wrapped.streams as wrapped_streams, days.* exclude (period),
    sessions.longest_session
from by_hand.agg_period_listening
left join tops using (period) left join wrapped using (period) left join days using (period)
left join sessions using (period)
where kind = 'year';
