"""The dlt side: the raw tables' schema, and a batch of answers as one package.

dlt loads every table by itself and then writes the package's row of `_dlt_loads`; its state counts
only with that row. So a batch has been loaded exactly if the state names it, and what a killed
load left behind is what belongs to no row of `_dlt_loads`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import dlt
import msgspec
from dlt.common.schema.utils import new_table
from dlt.extract import DltResource, DltSource

from ingestion.spotify_api.spool import Batch
from ingestion.spotify_api.state import LOADED, apply_changes
from ingestion.spotify_api.tables import RAW_TABLES, SCHEMA, RawTable


def answers(batch: Batch, stored_schema: str) -> DltSource:
    """The rows of a batch, and what to remember from them.

    Args:
        batch: what to load.
        stored_schema: dlt's schema as the warehouse has it, JSON. A listener whom dlt has no state
            of would else get one that is guessed from the first rows.
    """
    # dlt has checked it before it stored it; to check it again takes a quarter of a small load
    schema = dlt.Schema.from_dict(msgspec.json.decode(stored_schema), validate_schema=False)

    @dlt.source(schema=schema)
    def source() -> Iterator[DltResource]:
        for table, rows in batch.rows.items():
            # one list as a whole: dlt would take its rows one by one through all of its steps
            yield dlt.resource([rows], name=table, write_disposition="append")
        yield memory

    @dlt.resource
    def memory() -> Iterator[Any]:
        apply_changes(dlt.current.source_state(), {**batch.changes, LOADED: batch.name})
        yield from ()

    return source()


def declared_schema() -> dlt.Schema:
    """A schema that declares every column of every raw table."""
    schema = dlt.Schema(SCHEMA)
    for table in RAW_TABLES:
        _declare(schema, table)
    return schema


def _declare(schema: dlt.Schema, raw_table: RawTable) -> None:
    for name, columns in raw_table.tables.items():
        parent = raw_table.parent_of(name)
        # where tables are made with partitions, as on BigQuery, by the day of the answer
        declared: list[Any] = [
            {"name": column, "data_type": data_type}
            | ({"partition": True} if column == "observed_at" else {})
            for column, data_type in columns.items()
        ]
        if parent:
            table = new_table(name, parent_table_name=parent, columns=declared + _OF_A_CHILD)
        else:
            table = new_table(name, write_disposition="append", columns=declared + _OF_A_ROOT)
        # the names are dlt's own already; normalised once more, `track__id` would lose a `_`
        schema.update_table(table, normalize_identifiers=False)


_ROW_KEY: Final[Any] = {
    "name": "_dlt_id",
    "data_type": "text",
    "nullable": False,
    "unique": True,
    "row_key": True,
}
_OF_A_ROOT: Final[list[Any]] = [
    {"name": "_dlt_load_id", "data_type": "text", "nullable": False},
    _ROW_KEY,
]
_OF_A_CHILD: Final[list[Any]] = [
    {"name": "_dlt_parent_id", "data_type": "text", "nullable": False, "parent_key": True},
    {"name": "_dlt_list_idx", "data_type": "bigint", "nullable": False},
    _ROW_KEY,
]
