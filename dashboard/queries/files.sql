-- What became of each file that was given, row by row?
select
    imports.archive,
    imports.member,
    imports.status,
    imports.row_count,
    reconciliation.record_count,
    imports.problem_count,
    imports.reason,
    reconciliation.is_reconciled,
    imports.loaded_at
from marts.mon_imports as imports
left join marts.mon_reconciliation as reconciliation
    on
        imports.listener = reconciliation.listener
        and imports.file_sha256 = reconciliation.file_sha256
        and imports.status = 'loaded'
where imports.listener = :listener
order by imports.loaded_at desc, imports.archive, imports.member
