-- keys are joined to in people's dashboards: they may not change with a version of anything
select *
from (select {{ hash_key(["'me'", "1", "cast(null as " ~ dbt.type_string() ~ ")"]) }} as hashed_key) as keyed
where hashed_key != '{{ local_md5("me|1|~") }}'
