"""What no mart is made of goes, RAW_RETENTION_DAYS after it was loaded.

That is, of the raw tables: observations of the catalogue that later ones replace, nested rows and
columns that no model reads, and the text of rows that were set aside. Plays and what else a mart
is made of stay for ever, so that a mart is the same before and after, built anew as well.

A table is written only when something in it is due: one that was changed has models built again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from ingestion.settings import Settings
from ingestion.spotify_api.nested import rows_of, with_nested
from ingestion.spotify_api.tables import CATALOGUE, READ_NESTED
from ingestion.spotify_api.tables import RAW_TABLES as OF_THE_API
from ingestion.spotify_api.tables import SCHEMA as API
from ingestion.spotify_export.tables import RAW_TABLES as OF_EXPORTS
from ingestion.spotify_export.tables import SCHEMA as EXPORT
from ingestion.warehouse import Warehouse

#: What a later answer may lack (apps of the development mode no longer get it): the last
#: observation that has it is read too.
_LACKING: Final = {
    "tracks": ["popularity"],
    "albums": ["popularity"],
    "artists": ["popularity", "followers__total"],
}

#: What is read of an object by another id than its own: a track tells of its album.
_TELLING_OF: Final = {"tracks": ["album__id"]}


def expire_raw(settings: Settings, warehouse: Warehouse, now: datetime) -> None:
    """Delete and empty what is due; nothing without RAW_RETENTION_DAYS.

    Args:
        settings: of this run.
        warehouse: open.
        now: aware.
    """
    if settings.raw_retention_days is None:
        return
    until = now - timedelta(days=settings.raw_retention_days)
    for kind in CATALOGUE:
        _delete_replaced(warehouse, kind, until)
    _delete_nested(warehouse, until)
    _empty(warehouse, f"{EXPORT}.import_problems", ["raw"], "loaded_at", until)
    columns = warehouse.column_types(EXPORT)
    for export_table in OF_EXPORTS:
        given = columns.get(export_table.name, {}).keys() - set(export_table.schema.names)
        _empty(warehouse, f"{EXPORT}.{export_table.name}", given, "loaded_at", until)
    columns = warehouse.column_types(API)
    for table in OF_THE_API:
        given = columns.get(table.name, {}).keys() - table.tables[table.name].keys()
        if "observed_at" in table.keys:
            _empty(warehouse, f"{API}.{table.name}", given, "observed_at", until)


def _delete_replaced(warehouse: Warehouse, kind: str, until: datetime) -> None:
    """Delete what the catalogue held of objects that were observed again."""
    lacking = _LACKING.get(kind, [])
    same = ["id", *_TELLING_OF.get(kind, [])]
    seen = "".join(
        f", max(case when {column} is not null then observed_at end) as {column}_at"
        for column in lacking
    )
    told_again = "".join(
        f" and (older.{column} is null or older.observed_at < latest.{column}_at)"
        for column in lacking
    )
    replaced = f"""
        select older._dlt_id
        from {API}.{kind} as older
        inner join (
            select {", ".join(same)}, max(observed_at) as latest_at{seen}
            from {API}.{kind}
            group by {", ".join(same)}
        ) as latest
            on {" and ".join(f"older.{column} = latest.{column}" for column in same)}
        where older.observed_at < ? and older.observed_at < latest.latest_at{told_again}
    """
    if warehouse.query(f"{replaced} limit 1", [until]):
        tables = with_nested(kind, warehouse.tables(API))
        with warehouse.transaction():
            for table in tables:
                rows = rows_of(table, tables, f"_dlt_id in ({replaced})")
                warehouse.query(f"delete from {API}.{table} where {rows}", [until])


def _delete_nested(warehouse: Warehouse, until: datetime) -> None:
    """Delete the rows of nested tables that nothing reads, children before their parents."""
    tables = warehouse.tables(API)
    for table in sorted(_nested(tables) - READ_NESTED, reverse=True):
        rows = rows_of(table, tables, "observed_at < ?")
        if warehouse.query(f"select 1 from {API}.{table} where {rows} limit 1", [until]):
            warehouse.query(f"delete from {API}.{table} where {rows}", [until])


def _nested(tables: Collection[str]) -> set[str]:
    roots = [table.name for table in OF_THE_API if "observed_at" in table.keys]
    return {table for table in tables if any(table.startswith(f"{root}__") for root in roots)}


def _empty(
    warehouse: Warehouse, table: str, columns: Collection[str], loaded: str, until: datetime
) -> None:
    """Let columns be null in the rows that are due; those that dlt adds are left as they are."""
    ours = sorted(column for column in columns if not column.startswith("_dlt"))
    if not ours:
        return
    given = " or ".join(f'"{column}" is not null' for column in ours)
    due = f"{loaded} < ? and ({given})"
    if warehouse.query(f"select 1 from {table} where {due} limit 1", [until]):
        nulls = ", ".join(f'"{column}" = null' for column in ours)
        warehouse.query(f"update {table} set {nulls} where {due}", [until])
