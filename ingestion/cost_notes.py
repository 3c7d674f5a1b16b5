"""What the warehouse has cost, noted in the warehouse: `operations.warehouse_costs`.

Models read no clock and ask no warehouse about itself, and a file does not remember how big it was.
So a build that has something to build notes it before, once a day: what lies there, and where
queries are billed, for what. `mon_warehouse_costs` is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final

from ingestion.errors import CostsUnknownError
from ingestion.settings import Settings
from ingestion.warehouse import Warehouse
from ingestion.warehouse.protocol import Row

SCHEMA: Final = "operations"
_NAME: Final = "warehouse_costs"
_TABLE: Final = f"{SCHEMA}.{_NAME}"

#: A year beside the year before it; a row for each table and day is no more than some megabytes.
_KEPT_DAYS: Final = 800

#: How far the first note looks back.
_FIRST_DAYS: Final = 31

_COLUMNS: Final = {
    "cost_date": "date",
    "cost_type": "varchar",
    "schema_name": "varchar",
    "name": "varchar",
    "byte_count": "bigint",
    "query_count": "bigint",
    "observed_at": "timestamp with time zone",
}

_ROWS_PER_INSERT: Final = 500


def ensure_cost_notes(settings: Settings, warehouse: Warehouse) -> None:
    """Make the table if it is not there."""
    if _NAME in warehouse.tables(SCHEMA):
        return
    columns = ", ".join(f"{name} {data_type}" for name, data_type in _COLUMNS.items())
    warehouse.query(f'create schema if not exists "{settings.schema_prefix}{SCHEMA}"')
    warehouse.query(f"create table if not exists {_TABLE} ({columns})")


def note_costs(settings: Settings, warehouse: Warehouse, now: datetime) -> bool:
    """Note today's costs, unless they are; say whether anything was noted.

    Args:
        settings: of this run.
        warehouse: open.
        now: aware.
    """
    today = now.astimezone(UTC).date()
    ensure_cost_notes(settings, warehouse)
    ((last,),) = warehouse.query(f"select max(cost_date) from {_TABLE} where cost_type = 'storage'")
    if last is not None and last >= today:
        return False
    # of the day of the last note only the beginning was known
    since = last or today - timedelta(days=_FIRST_DAYS)
    rows = list(_rows(warehouse, since, today, now))
    with warehouse.transaction():
        warehouse.query(
            f"delete from {_TABLE} where cost_date < ?"
            " or (cost_type = 'queries' and cost_date >= ?)",
            [today - timedelta(days=_KEPT_DAYS), since],
        )
        _insert(warehouse, rows)
    return True


def _rows(warehouse: Warehouse, since: date, today: date, now: datetime) -> Iterator[Row]:
    for one in warehouse.storage():
        yield (today, "storage", one.schema or None, one.table, one.byte_count, None, now)
    try:
        billed = warehouse.billed(since)
    except CostsUnknownError:
        return  # `spotify-elt costs` says so; a run needs no such right
    for day in billed:
        yield (day.day, "queries", None, day.purpose, day.byte_count, day.query_count, now)


def _insert(warehouse: Warehouse, rows: list[Row]) -> None:
    left = iter(rows)
    while some := list(islice(left, _ROWS_PER_INSERT)):
        marks = ", ".join([f"({', '.join('?' * len(_COLUMNS))})"] * len(some))
        warehouse.query(
            f"insert into {_TABLE} ({', '.join(_COLUMNS)}) values {marks}",
            [value for row in some for value in row],
        )


def stored_before(warehouse: Warehouse, since: date) -> tuple[date, int] | None:
    """The first day with a note since a day, and what lay there then, in bytes."""
    if _NAME not in warehouse.tables(SCHEMA):
        return None
    rows = warehouse.query(
        f"select cost_date, sum(byte_count) from {_TABLE}"
        " where cost_type = 'storage' and cost_date >= ?"
        " group by cost_date order by cost_date limit 1",
        [since],
    )
    return (rows[0][0], int(rows[0][1])) if rows else None
