"""What earlier runs have loaded, read from the warehouse and nowhere else.

So whoever deletes, restores or copies the database gets what its tables say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.settings import Settings
from ingestion.spotify_export import tables
from ingestion.spotify_export.tables import DECLARED, DLT_IMPORT, RAW_TABLES, SCHEMA, FieldType
from ingestion.warehouse import Warehouse
from ingestion.warehouse.inserting import marks

_TYPE_OF_COLUMN = {
    "VARCHAR": tables.TEXT,
    "BIGINT": tables.INTEGER,
    "DOUBLE": tables.REAL,
    "BOOLEAN": tables.BOOLEAN,
}


@dataclass(frozen=True)
class Record:
    """What `import_files` says about one file."""

    status: str
    reason: str | None
    kind: str
    rows: int
    problem_rows: int


@dataclass
class History:
    """The files of one listener that earlier runs have seen.

    Attributes:
        records: by `file_key`.
        loaded: where each content was loaded from, as (archive, member, kind) by sha256.
        new_columns: columns that are in the raw tables and not declared.
    """

    records: dict[str, Record] = field(default_factory=dict)
    loaded: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    new_columns: dict[tuple[str, str], FieldType] = field(default_factory=dict)


def file_key(listener: str, archive: str, member: str, sha256: str | None, copy: int) -> str:
    """The key of a row of `import_files`: this content, at this place, of this listener."""
    parts = [listener, archive, member, sha256 or "", *([str(copy)] if copy else [])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def ensure_tables(warehouse: Warehouse) -> None:
    """Create every raw table and column that is missing; dlt is not even started if none is."""
    present = warehouse.column_types(SCHEMA)
    if all(
        set(columns.names) <= present.get(name, {}).keys() for name, columns in DECLARED.items()
    ):
        return
    with DLT_IMPORT:
        from ingestion.spotify_export.source import declared_schema

    warehouse.loader(SCHEMA).create_tables(declared_schema())


def read_history(warehouse: Warehouse, listener: str) -> History:
    """The listener's history; empty in a new warehouse."""
    history = History()
    columns = warehouse.column_types(SCHEMA)
    for table in RAW_TABLES:
        for column, data_type in columns.get(table.name, {}).items():
            if column not in table.schema.names and data_type in _TYPE_OF_COLUMN:
                history.new_columns[table.name, column] = _TYPE_OF_COLUMN[data_type]
    if "import_files" in columns:
        for key, archive, member, sha256, *rest in warehouse.query(
            "select file_key, archive, member, file_sha256,"
            " status, reason, kind, rows, problem_rows"
            f" from {SCHEMA}.import_files where listener = ?",
            [listener],
        ):
            record = history.records[key] = Record(*rest)
            if record.status == "loaded" and sha256:
                history.loaded[sha256] = archive, member, record.kind
    return history


def delete_leftovers(warehouse: Warehouse) -> None:
    """Delete what a killed run left: rows and problems of files that have no record."""
    existing = warehouse.tables(SCHEMA)
    for table in (table.name for table in RAW_TABLES if table.name in existing):
        recorded = (
            f"select listener, file_sha256 from {SCHEMA}.import_files where status = 'loaded'"
        )
        _delete_unrecorded(warehouse, table, ("listener", "file_sha256"), recorded, existing)
    if "import_problems" in existing:
        recorded = f"select file_key, loaded_at from {SCHEMA}.import_files"
        _delete_unrecorded(
            warehouse, "import_problems", ("file_key", "loaded_at"), recorded, existing
        )


def _delete_unrecorded(
    warehouse: Warehouse, table: str, key: tuple[str, str], recorded: str, existing: Container[str]
) -> None:
    found = f"select distinct {key[0]}, {key[1]} from {SCHEMA}.{table}"
    unrecorded = f"{found} except {recorded}" if "import_files" in existing else found
    for values in warehouse.query(unrecorded):
        warehouse.query(f"delete from {SCHEMA}.{table} where {key[0]} = ? and {key[1]} = ?", values)


def delete_replaced(warehouse: Warehouse, keys: Sequence[str], now: datetime) -> None:
    """Delete the records of files that get new ones, and their problems from before `now`."""
    if not keys:
        return
    these = f"file_key in ({marks(keys)})"
    problems = f"{SCHEMA}.import_problems where {these} and loaded_at <> ?"
    warehouse.query(f"delete from {problems}", [*keys, now])
    warehouse.query(f"delete from {SCHEMA}.import_files where {these}", keys)


def keep_time_zone(warehouse: Warehouse, settings: Settings, now: datetime) -> None:
    """Note the listener's zone. The zone of a machine never replaces one that was configured.

    Plain SQL in one transaction: an upsert by dlt would need a staging schema, in view of
    every BI tool, for one row.
    """
    source = "configured" if settings.listener_timezone else "machine"
    noted = warehouse.query(
        f"select time_zone, time_zone_source from {SCHEMA}.listeners where listener = ?",
        [settings.listener],
    )
    if (settings.time_zone, source) in noted:
        return
    if source == "machine" and any(row[1] == "configured" for row in noted):
        return
    with warehouse.transaction():
        warehouse.query(f"delete from {SCHEMA}.listeners where listener = ?", [settings.listener])
        warehouse.query(
            f"insert into {SCHEMA}.listeners (listener, time_zone, time_zone_source, updated_at)"
            " values (?, ?, ?, ?)",
            [settings.listener, settings.time_zone, source, now],
        )
