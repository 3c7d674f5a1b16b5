-- an hour is a number from 0 to 23 without zeros in front, an id has no `spotify:track:` before it: all
-- else that the seed may say excludes nothing
select *
from {{ ref('exclusions') }}
where
    (
        kind = 'hour'
        and excluded not in (
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11',
            '12', '13', '14', '15', '16', '17', '18', '19', '20', '21', '22', '23'
        )
    )
    or (kind in ('track', 'playlist') and (excluded like '%:%' or excluded like '%/%'))
