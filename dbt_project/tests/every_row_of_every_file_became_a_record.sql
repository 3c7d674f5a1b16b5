-- rows of the file = raw rows = records of the bridge; a row here is a file whose sums differ
select *
from {{ ref('mon_reconciliation') }}
where not is_reconciled
