-- Which audiobooks does a listener hear: hours, chapters, and whether the last heard chapter ended?
select
    listener,
    audiobook_name,
    count(distinct chapter_name) as chapter_count,
    {{ hours('sum(listened_ms)') }} as listening_hours,
    {{ latest_by('chapter_name', 'ended_at') }} as last_chapter_name,
    {{ latest_by('reason_end', 'ended_at') }} as last_reason_end,
    max(ended_at) as last_played_at
from {{ ref('fct_plays') }}
where is_counted and content_type = 'chapter'
group by listener, audiobook_name
order by listener, listening_hours desc
