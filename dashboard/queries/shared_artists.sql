-- Which artists do two listeners share in a period, those who matter most to both first?
-- What is shared of an artist is the smaller of both shares; summed up, it says how alike they are.
with shares as (

    select
        listener,
        item_key,
        stream_count,
        stream_share
    from marts.agg_period_items
    where
        listener in (:listener, :other_listener)
        and period = :period
        and period_type = :period_type
        and item_type = 'artist'

),

shared as (

    select
        ours.item_key,
        ours.stream_count,
        theirs.stream_count as other_stream_count,
        ours.stream_share,
        theirs.stream_share as other_stream_share,
        case
            when ours.stream_share < theirs.stream_share then ours.stream_share
            else theirs.stream_share
        end as shared_share
    from shares as ours
    inner join shares as theirs
        on ours.item_key = theirs.item_key
    where
        ours.listener = :listener
        and theirs.listener = :other_listener

)

select
    artists.artist_key,
    artists.artist_name,
    shared.stream_count,
    shared.other_stream_count,
    shared.stream_share,
    shared.other_stream_share,
    shared.shared_share,
    sum(shared.shared_share) over () as affinity_share,
    count(*) over () as match_count
from shared
inner join marts.dim_artists as artists
    on shared.item_key = artists.artist_key
order by shared.shared_share desc, artists.artist_name, artists.artist_key
limit :row_count
