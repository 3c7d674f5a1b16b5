{{ config(materialized='view') }}

with

api_records as (

    select * from {{ ref('int_api_records') }}
    where match_rule = 'first_record'

),

api_history as (

    select * from {{ ref('stg_spotify_api__recently_played') }}

),

api_plays as (

    select
        api_records.play_key,
        api_records.listener,
        api_records.track_id,
        api_history.track_name,
        coalesce(api_history.album_artist_name, api_history.artist_name) as artist_name,
        api_history.album_name,
        api_records.context_type,
        api_records.context_uri,
        api_history.duration_ms,
        api_records.played_at,
        api_records.ended_month
    from api_records
    inner join api_history
        on api_records.row_key = api_history.row_key

),

numbers as (

    {{ dbt.generate_series(4) }}

),

api_hours as (

    select
        api_plays.play_key,
        api_plays.listener,
        api_plays.played_at,
        {{ dbt.dateadd(
            'hour', 'numbers.generated_number - 4', dbt.date_trunc('hour', 'api_plays.played_at'),
        ) }} as ended_hour
    from api_plays
    cross join numbers

),

all_ends as (

    select
        listener,
        ended_at
    from {{ ref('int_extended_records') }}
    where match_rule = 'first_record' and not is_retry

    union all

    select
        listener,
        ended_at
    from {{ ref('int_account_plays') }}
    where not is_covered

    union all

    select
        listener,
        played_at as ended_at
    from {{ ref('int_api_records') }}

),

previous_ends as (

    -- three hours back: no track is longer
    select
        api_hours.play_key,
        max(all_ends.ended_at) as previous_ended_at
    from api_hours
    inner join all_ends
        on
            api_hours.listener = all_ends.listener
            and api_hours.ended_hour = {{ dbt.date_trunc('hour', 'all_ends.ended_at') }}
            and api_hours.played_at > all_ends.ended_at
    group by api_hours.play_key

),

gaps as (

    select
        api_plays.*,
        {{ dbt.datediff('previous_ends.previous_ended_at', 'api_plays.played_at', 'millisecond') }} as gap_ms
    from api_plays
    left join previous_ends
        on api_plays.play_key = previous_ends.play_key

),

estimated_plays as (

    -- what was heard fits between the end before and its own, and is no longer than the track; a
    -- gap too short for a play to be listed is that of plays synced together, and tells nothing
    select
        play_key,
        listener,
        track_id,
        track_name,
        artist_name,
        album_name,
        context_type,
        context_uri,
        duration_ms,
        case
            when gap_ms >= {{ var('listed_from_ms') }} and gap_ms < duration_ms then gap_ms
            else duration_ms
        end as estimated_ms_played,
        played_at,
        ended_month
    from gaps

)

select * from estimated_plays
