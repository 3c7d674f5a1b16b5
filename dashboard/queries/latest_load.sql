-- When was what the marts hold loaded last?
select max(loaded_at) as loaded_at
from marts.mon_freshness
