-- What a good analyst would write by hand to put all sources together: raw tables, attached as `raw`,
-- to one table of plays and what the catalogue says of them. One listener, no tests, no increments; one
-- zone, as a literal. What follows from the plays is by_hand.sql's.
set TimeZone = 'UTC';
create schema by_hand;

create table by_hand.raw as
select * exclude (ts), timezone('UTC', ts) as ts from raw.spotify_export.streaming_history;

create table by_hand.account_plays as
with account as (
    select
        timezone('UTC', end_time) as minute, ms_played,
        coalesce(artist_name, podcast_name, author_name) as creator,
        coalesce(track_name, episode_name, chapter_name) as title,
        artist_name, track_name, episode_name, podcast_name
    from raw.spotify_export.account_streaming_history
),
numbered as (
    select *, row_number() over (partition by minute, ms_played, creator, title) as repetition from account
),
extended as (
    select
        date_trunc('minute', ts) as minute, ms_played,
        coalesce(master_metadata_album_artist_name, episode_show_name) as creator,
        coalesce(master_metadata_track_name, episode_name, audiobook_chapter_title) as title,
        row_number() over (partition by date_trunc('minute', ts), ms_played, creator, title) as repetition
    from by_hand.raw
)
select numbered.*
from numbered
anti join extended using (minute, ms_played, creator, title, repetition)
anti join extended as by_length
    on numbered.minute = by_length.minute and numbered.ms_played = by_length.ms_played;

create table by_hand.tracks as
with latest as (
    select *, row_number() over (partition by id order by observed_at desc) as number from raw.spotify_api.tracks
)
select
    latest.id, 'spotify:track:' || latest.id as uri, latest.name, latest.duration_ms, latest.popularity,
    latest.external_ids__isrc as isrc, latest.album__id as album_id, latest.album__name as album_name,
    latest.album__release_date as released_on, artists.id as artist_id, artists.name as artist_name
from latest
left join raw.spotify_api.tracks__artists as artists
    on latest._dlt_id = artists._dlt_parent_id and artists._dlt_list_idx = 0
where number = 1;

create table by_hand.albums as
select * from raw.spotify_api.albums qualify row_number() over (partition by id order by observed_at desc) = 1;

create table by_hand.artists as
select * from raw.spotify_api.artists qualify row_number() over (partition by id order by observed_at desc) = 1;

create table by_hand.genres as
select artists.id as artist_id, genres.value as genre
from by_hand.artists inner join raw.spotify_api.artists__genres as genres on artists._dlt_id = genres._dlt_parent_id;

create table by_hand.polled as
with polled as (
    select
        _dlt_id as record, timezone('UTC', played_at) as played_at, track__uri as uri, track__name as track_name,
        track__album__name as album_name, track__duration_ms as duration_ms, context__type as context_type,
        context__uri as context_uri, track__external_ids__isrc as isrc
    from raw.spotify_api.recently_played
),
names as (
    select record, played_at, unnest([uri, isrc]) as name from polled
),
ends as (
    select raw.rowid as row_number, ts, unnest([raw.spotify_track_uri, tracks.isrc]) as name
    from by_hand.raw left join by_hand.tracks on raw.spotify_track_uri = tracks.uri
    where ts >= (select min(played_at) from polled)
),
pairs as (
    select record, ends.row_number, min(abs(epoch_ms(ts) - epoch_ms(played_at))) as distance
    from names inner join ends using (name)
    where ts between played_at - interval 2 seconds and played_at + interval 30 minutes
    group by record, ends.row_number
),
nearest as (
    select record, row_number
    from pairs
    qualify row_number() over (partition by record order by distance) = 1
        and row_number() over (partition by row_number order by distance) = 1
)
select polled.*, nearest.row_number
from polled left join nearest using (record);

create table by_hand.fct_plays as
with once as (
    select
        raw.*, polled.context_type, polled.context_uri, true as in_extended,
        coalesce(spotify_track_uri, spotify_episode_uri, audiobook_chapter_uri) as uri,
        row_number() over (
            partition by ts, ms_played, coalesce(spotify_track_uri, spotify_episode_uri, audiobook_chapter_uri)
        ) as repetition
    from by_hand.raw left join by_hand.polled on raw.rowid = polled.row_number
),
gaps as (
    select
        *,
        date_diff('second', lag(ts) over (
            partition by uri, ms_played, reason_start, reason_end, offline_timestamp order by ts
        ), ts) as gap
    from once
    where repetition = 1
),
all_plays as (
    select * from gaps
    union all by name
    select
        minute as ts, ms_played, artist_name as master_metadata_album_artist_name,
        track_name as master_metadata_track_name, episode_name, podcast_name as episode_show_name,
        false as in_extended, creator || title as uri
    from by_hand.account_plays
    union all by name
    select
        played_at as ts, uri as spotify_track_uri, track_name as master_metadata_track_name,
        polled.album_name as master_metadata_album_album_name, tracks.artist_name as master_metadata_album_artist_name,
        least(
            polled.duration_ms, epoch_ms(played_at) - epoch_ms(lag(played_at) over (order by played_at))
        ) as ms_played,
        context_type, context_uri, false as in_extended, uri
    from by_hand.polled left join by_hand.tracks using (uri)
    where row_number is null
),
zoned as (
    select *, timezone('Europe/Oslo', timezone('UTC', ts)) as ended_at_local from all_plays
)
select
    md5(concat_ws('|', ts, ms_played, uri)) as play_key,
    md5(coalesce(spotify_track_uri, '')) as track_key,
    md5(coalesce(master_metadata_album_artist_name, '')) as artist_key,
    md5(concat_ws('|', master_metadata_album_artist_name, master_metadata_album_album_name)) as album_key,
    zoned.* exclude (gap, uri, repetition),
    cast(ended_at_local as date) as listening_date,
    strftime(ended_at_local, '%Y-%m') as year_month,
    year(ended_at_local) as year,
    isodow(ended_at_local) as dow,
    hour(ended_at_local) as hour,
    ts - to_milliseconds(ms_played) as started_at,
    coalesce(gap * 1000 + 13000 < ms_played, false) as is_retry,
    ms_played >= 30000 and not coalesce(gap * 1000 + 13000 < ms_played, false) as is_counted
from zoned;

create table by_hand.fct_playlist_memberships as
select
    playlist_id, item__id as item_id, min(item__name) as item_name, min(added_at) as added_at,
    min(observed_at) as first_seen_at, max(observed_at) as last_seen_at
from raw.spotify_api.playlist_tracks group by playlist_id, item__id;

create table by_hand.fct_saved_items as
select 'track' as kind, track__id as id, min(added_at) as added_at, max(observed_at) as last_seen_at
from raw.spotify_api.saved_tracks group by track__id
union all
select 'album', album__id, min(added_at), max(observed_at) from raw.spotify_api.saved_albums group by album__id
union all
select 'library', uri, null, max(loaded_at) from raw.spotify_export.library_items group by uri;

create table by_hand.fct_top_items as
select 'track' as kind, observed_at, time_range, rank, track__id as id, track__name as name
from raw.spotify_api.top_tracks
union all
select 'artist', observed_at, time_range, rank, artist__id, artist__name from raw.spotify_api.top_artists;
