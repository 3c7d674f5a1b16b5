with

source as (

    select * from {{ source('spotify_api', 'collection_runs') }}

),

renamed as (

    select
        _dlt_id as row_key,
        run_id,
        listener,
        outcome,
        message,
        calls as call_count,
        retries as retry_count,
        waited_seconds,
        {{ utc_timestamp('try_later_until') }} as try_later_until,
        {{ utc_timestamp('started_at') }} as started_at,
        {{ utc_timestamp('ended_at') }} as ended_at
    from source

)

select * from renamed
