with

source as (

    select * from {{ source('spotify_export', 'account_streaming_history') }}

),

renamed as (

    select
        listener,
        file_sha256,
        -- some records name nothing by an empty text
        nullif(track_name, '') as track_name,
        nullif(artist_name, '') as artist_name,
        nullif(episode_name, '') as episode_name,
        nullif(podcast_name, '') as show_name,
        nullif(audiobook_name, '') as audiobook_name,
        nullif(chapter_name, '') as chapter_name,
        author_name,
        file_row,
        ms_played,
        {{ month_of(utc_timestamp('end_time')) }} as ended_month,
        {{ utc_timestamp('end_time') }} as ended_minute,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
