-- names are followed one step: of A -> B and B -> C, the plays of A would stay with B
select
    names.artist_name,
    names.current_name,
    renamed.current_name as renamed_to
from {{ ref('artist_names') }} as names
inner join {{ ref('artist_names') }} as renamed
    on names.current_name = renamed.artist_name
where renamed.current_name != renamed.artist_name
