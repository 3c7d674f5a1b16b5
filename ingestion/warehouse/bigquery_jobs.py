"""What queries were billed for, which BigQuery keeps in a view for each place where data lies.

https://cloud.google.com/bigquery/docs/information-schema-jobs: jobs of 180 days, in the location of
the datasets that they read, told to who may list all jobs of the project.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Final

from google.cloud.bigquery import ScalarQueryParameter

from ingestion.warehouse.protocol import Billed, Row

#: The label `app` of jobs that are Python's; those of dbt bear its own.
APP: Final = "spotify-elt"

#: The labels of dbt name a node as its manifest does, with `_` for `.`, and cut at 63 characters.
_NODE: Final = "_spotify_elt_"

#: A script is billed for its statements, which are jobs as well: those are left out.
_JOBS: Final = """
select
    date(creation_time) as billed_date,
    (select label.value from unnest(labels) as label where label.key = 'app') as app,
    (select label.value from unnest(labels) as label where label.key = 'profile_name') as profile,
    (select label.value from unnest(labels) as label where label.key = 'node_id') as node,
    count(*) as query_count,
    sum(coalesce(total_bytes_billed, 0)) as byte_count
from `{project}`.`region-{location}`.INFORMATION_SCHEMA.JOBS_BY_PROJECT
where creation_time >= @p0 and job_type = 'QUERY' and parent_job_id is null
group by billed_date, app, profile, node
"""


def jobs_since(since: date, project: str, location: str) -> tuple[str, list[ScalarQueryParameter]]:
    """SQL for `billed_by`, in BigQuery's words, and its parameters.

    Args:
        since: the first day, in UTC.
        project: whose jobs.
        location: of the datasets: EU, US, or a region.
    """
    start = ScalarQueryParameter("p0", "TIMESTAMP", datetime.combine(since, time(), UTC))
    return _JOBS.format(project=project, location=location.lower()), [start]


def billed_by(rows: Iterable[Row]) -> list[Billed]:
    """By day and purpose, the most expensive first within a day."""
    counts: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for day, app, profile, node, query_count, byte_count in rows:
        count = counts[day, purpose_of(app, profile, node)]
        count[0] += query_count
        count[1] += byte_count
    billed = [Billed(*key, *count) for key, count in counts.items()]
    return sorted(billed, key=lambda one: (one.day, -one.byte_count, one.purpose))


def purpose_of(app: str | None, profile: str | None, node: str | None) -> str:
    """What a job was for, by its labels: a model, or who asked."""
    if app == APP:
        return APP
    if app != "dbt" or profile != "spotify_elt":
        return "others"
    kind, _, name = (node or "").partition(_NODE)
    if kind in {"model", "seed"} and name:
        return name
    return "data tests" if kind == "test" else "dbt itself"
