with

inputs as (

    select
        'id' as track_id,
        'A' as artist_name,
        'T' as track_name,
        {{ hash_key(["'id'"]) }} as expected
    union all
    select null, 'A', 'T', {{ hash_key(["'A|T'"]) }}
    union all
    select null, null, 'T', {{ hash_key(["'|T'"]) }}

)

select
    *,
    {{ track_key('track_id', 'artist_name', 'track_name') }} as actual
from inputs
where {{ track_key('track_id', 'artist_name', 'track_name') }} is distinct from expected
