with

source as (

    select * from {{ source('spotify_export', 'streaming_history') }}

),

renamed as (

    select
        listener,
        file_sha256,
        {{ spotify_id('spotify_track_uri') }} as track_id,
        {{ spotify_id('spotify_episode_uri') }} as episode_id,
        {{ spotify_id('audiobook_uri') }} as audiobook_id,
        {{ spotify_id('audiobook_chapter_uri') }} as chapter_id,
        spotify_track_uri as track_uri,
        -- some records name nothing by an empty text
        nullif(master_metadata_track_name, '') as track_name,
        nullif(master_metadata_album_artist_name, '') as artist_name,
        nullif(master_metadata_album_album_name, '') as album_name,
        nullif(episode_name, '') as episode_name,
        nullif(episode_show_name, '') as show_name,
        nullif(audiobook_title, '') as audiobook_name,
        nullif(audiobook_chapter_title, '') as chapter_name,
        platform,
        conn_country,
        reason_start,
        reason_end,
        file_row,
        ms_played,
        -- milliseconds until October 2022, seconds after; 0 where unknown
        case
            when offline_timestamp >= 100000000000 then cast(floor(offline_timestamp / 1000) as {{ dbt.type_bigint() }})
            when offline_timestamp > 0 then offline_timestamp
        end as offline_epoch_seconds,
        shuffle as is_shuffle,
        skipped as is_skipped,
        offline as is_offline,
        incognito_mode as is_incognito,
        {{ month_of(utc_timestamp('ts')) }} as ended_month,
        ts,
        {{ utc_timestamp('ts') }} as ended_at,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
