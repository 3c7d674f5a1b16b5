-- From how many seconds on is a play a stream? As the plays that are too short say it.
select min(exclusion_reason) as exclusion_reason
from marts.fct_plays
where listener = :listener and left(exclusion_reason, 6) = 'under_'
