-- account data and the extended history are compared by these two, and null equals nothing
with

inputs as (

    select
        'Track' as track_name,
        null as episode_name,
        null as chapter_name,
        'Artist' as artist_name,
        null as show_name,
        null as audiobook_name,
        'Artist: Track' as expected
    union all
    select null, 'Episode', null, null, 'Show', null, 'Show: Episode'
    union all
    select null, null, 'Chapter', null, null, 'Book', 'Book: Chapter'
    union all
    select null, null, null, null, null, null, ': '

)

select
    *,
    {{ dbt.concat([creator_name('inputs'), "': '", item_title('inputs')]) }} as actual
from inputs
where {{ dbt.concat([creator_name('inputs'), "': '", item_title('inputs')]) }} is distinct from expected
