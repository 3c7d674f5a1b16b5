-- What a good analyst would write by hand: the same files, the same main tables, one script.
-- No raw history, no account data, no bridge, no tests, no increments; one zone, as a literal.
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
