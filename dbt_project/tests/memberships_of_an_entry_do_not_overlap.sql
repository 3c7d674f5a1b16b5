with

memberships as (

    select
        *,
        lead(valid_from_at) over (
            partition by playlist_key, item_uri, added_at, occurrence_number
            order by valid_from_at
        ) as next_valid_from_at
    from {{ ref('fct_playlist_memberships') }}

)

select *
from memberships
where
    valid_until_at <= valid_from_at
    or (next_valid_from_at is not null and valid_until_at is null)
    or next_valid_from_at < valid_until_at
