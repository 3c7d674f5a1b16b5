"""Every raw table, with rows or without: dbt reads them all, whatever a listener has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ingestion.cost_notes import ensure_cost_notes
from ingestion.settings import Settings
from ingestion.spotify_api.store import ensure_tables as ensure_api_tables
from ingestion.spotify_export.history import ensure_tables as ensure_export_tables
from ingestion.spotify_export.history import keep_time_zone
from ingestion.spotify_export.tables import SCHEMA as EXPORT
from ingestion.warehouse import open_warehouse


def ensure_raw_tables(settings: Settings, listeners: Iterable[str] = ()) -> None:
    """Create the raw tables that are missing, and note the zone of listeners who have none.

    Args:
        settings: of this run.
        listeners: who are signed in to Spotify; they may have no export, where else a listener's
            zone is noted.

    Raises:
        WarehouseError: the warehouse cannot be opened or written.
    """
    with open_warehouse(settings) as warehouse:
        ensure_export_tables(warehouse)
        ensure_api_tables(warehouse)
        ensure_cost_notes(settings, warehouse)
        known = {row[0] for row in warehouse.query(f"select listener from {EXPORT}.listeners")}
        for listener in set(listeners) - known:
            keep_time_zone(
                warehouse, settings.model_copy(update={"listener": listener}), datetime.now(UTC)
            )
