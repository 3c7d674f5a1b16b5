"""What Spotify told of one listener, and what it takes to delete it."""

from __future__ import annotations

from collections.abc import Iterator

from ingestion.spotify_api.nested import rows_of, with_nested
from ingestion.spotify_api.state import pipeline_of
from ingestion.spotify_api.tables import RAW_TABLES, SCHEMA
from ingestion.warehouse import Statement, Warehouse

#: The catalogue is about music: nobody's.
_SOMEBODYS = [table.name for table in RAW_TABLES if "listener" in table.tables[table.name]]


def answers_of(warehouse: Warehouse, listener: str) -> int:
    """How many rows are kept of what Spotify told of a listener, without nested ones."""
    kept = warehouse.tables(SCHEMA)
    counted = (
        warehouse.query(f"select count(*) from {SCHEMA}.{table} where listener = ?", [listener])
        for table in _SOMEBODYS
        if table in kept
    )
    return sum(count for [(count,)] in counted)


def deletion_of(warehouse: Warehouse, listener: str) -> Iterator[Statement]:
    """Statements that delete what Spotify told of a listener, and what the collector remembers."""
    kept = warehouse.tables(SCHEMA)
    for raw_table in _SOMEBODYS:
        for table in with_nested(raw_table, kept):
            rows = rows_of(table, kept, "listener = ?")
            yield f"delete from {SCHEMA}.{table} where {rows}", [listener]
    if "_dlt_pipeline_state" in kept:
        state = f"{SCHEMA}._dlt_pipeline_state where pipeline_name = ?"
        yield f"delete from {state}", [pipeline_of(listener)]
