{{ config(materialized='view') }}

with

extended_records as (

    select * from {{ ref('int_extended_records') }}

),

account_records as (

    select * from {{ ref('int_account_records') }}

),

records as (

    select
        play_key,
        listener,
        file_sha256,
        'streaming_history' as record_kind,
        match_rule,
        file_row
    from extended_records

    union all

    select
        play_key,
        listener,
        file_sha256,
        'account_streaming_history' as record_kind,
        match_rule,
        file_row
    from account_records

)

select * from records
