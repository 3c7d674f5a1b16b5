-- Which audiobooks were heard between two days, in how many chapters, and where did it stop?
-- No aggregate tells audiobooks from music: so it reads plays.
with chapters as (

    select
        audiobook_name,
        chapter_name,
        listened_ms,
        listening_date,
        row_number() over (partition by audiobook_name order by ended_at desc, play_key)
            as plays_from_end
    from marts.fct_plays
    where
        listener = :listener
        and is_counted
        and content_type = 'chapter'
        and listening_date >= :from_date
        and listening_date < :until_date

)

select
    audiobook_name,
    count(distinct chapter_name) as chapter_count,
    count(*) as stream_count,
    sum(listened_ms) / 3600000.0 as listening_hours,
    max(case when plays_from_end = 1 then chapter_name end) as last_chapter_name,
    max(listening_date) as last_date
from chapters
group by audiobook_name
order by listening_hours desc, audiobook_name
