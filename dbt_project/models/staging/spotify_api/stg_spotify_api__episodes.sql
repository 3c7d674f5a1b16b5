with

source as (

    select * from {{ source('spotify_api', 'episodes') }}

),

renamed as (

    select
        _dlt_id as row_key,
        id as episode_id,
        show__id as show_id,
        name as episode_name,
        show__name as show_name,
        source.language,
        release_date_precision,
        release_date as released_on,
        duration_ms,
        explicit as is_explicit,
        {{ utc_timestamp('observed_at') }} as observed_at
    from source

)

select * from renamed
