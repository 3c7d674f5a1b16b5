with

source as (

    select * from {{ source('spotify_api', 'collection_runs__resources') }}

),

renamed as (

    select
        _dlt_parent_id as parent_key,
        name as resource_name,
        calls as call_count,
        source.{{ raw_column('rows') }} as row_count
    from source

)

select * from renamed
