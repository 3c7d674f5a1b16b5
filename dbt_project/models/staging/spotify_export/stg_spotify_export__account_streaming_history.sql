with

source as (

    select * from {{ source('spotify_export', 'account_streaming_history') }}

),

renamed as (

    select
        listener,
        file_sha256,
        track_name,
        artist_name,
        episode_name,
        podcast_name as show_name,
        audiobook_name,
        chapter_name,
        author_name,
        file_row,
        ms_played,
        {{ month_of(utc_timestamp('end_time')) }} as ended_month,
        {{ utc_timestamp('end_time') }} as ended_minute,
        {{ utc_timestamp('loaded_at') }} as loaded_at
    from source

)

select * from renamed
