-- what stands in brackets names guests, or another recording
with

inputs as (

    select
        'Song' as title,
        'song' as expected
    union all
    select 'Song (feat. Somebody)', 'song'
    union all
    select 'Song [Ft Somebody & Others] (Live)', 'song (live)'
    union all
    select 'Song (with Somebody)', 'song'
    union all
    select 'Song (Without You)', 'song (without you)'
    union all
    select 'Song (Remix) [featuring Somebody]', 'song (remix)'
    union all
    select 'Song - 2011 Remaster', 'song - 2011 remaster'
    union all
    select 'Feat. of Strength', 'feat. of strength'

)

select
    *,
    {{ plain_title('title') }} as actual
from inputs
where {{ plain_title('title') }} != expected
