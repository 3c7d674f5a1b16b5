"""A few rows at a time, as plain SQL: to start dlt takes longer than to insert them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from ingestion.warehouse.protocol import Warehouse

#: Of a statement; BigQuery takes ten thousand in all of a script.
VALUES_PER_QUERY: Final = 1_000


def insert_rows(warehouse: Warehouse, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows into a table that has a column for each of their keys.

    Args:
        warehouse: an open one.
        table: with its schema.
        rows: by column; what a row lacks is null.
    """
    columns = sorted({column for row in rows for column in row})
    for some in chunks(rows, VALUES_PER_QUERY // max(1, len(columns))):
        warehouse.query(
            f"insert into {table} ({', '.join(columns)}) values"
            f" {', '.join([f'({marks(columns)})'] * len(some))}",
            [row.get(column) for row in some for column in columns],
        )


def chunks(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The values in order, so many at a time."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def marks(values: Collection[object]) -> str:
    """A `?` for each value."""
    return ", ".join("?" * len(values))
