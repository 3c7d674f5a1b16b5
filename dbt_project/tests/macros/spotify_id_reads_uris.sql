with

inputs as (

    select 'spotify:track:4uLU6hMCjMI75M1A2tKUQC' as uri, '4uLU6hMCjMI75M1A2tKUQC' as expected
    union all
    select 'spotify:episode:512ojhOuo1ktJprKbVcKyQ', '512ojhOuo1ktJprKbVcKyQ'
    union all
    select 'spotify:local:Artist:Album:Title:200', null
    union all
    select 'spotify:track:', null
    union all
    select 'spotify:track', null
    union all
    select 'https', null
    union all
    select '', null
    union all
    select null, null

)

select
    *,
    {{ spotify_id('uri') }} as actual
from inputs
where {{ spotify_id('uri') }} is distinct from expected
