"""A plugin of dbt-duckdb's by which dbt finds the lake as all else does: from the settings.

`profiles/profiles.yml` names it. So no credential passes through a profile, and dbt parses nothing
anew when the lake is another.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from ingestion.settings import load_settings
from ingestion.warehouse.lake import DATABASE, attach, prepare

_ATTACHED: Final[list[duckdb.DuckDBPyConnection]] = []


def detach() -> None:
    """Detach the lake where dbt has it: what a failure holds on to would keep it open."""
    while _ATTACHED:
        with suppress(duckdb.Error):  # as when dbt has closed the connection
            _ATTACHED.pop().execute(f"detach {DATABASE}")


class Plugin(BasePlugin):  # type: ignore[misc]  # dbt has no types
    """Attaches the lake to dbt's connection, before dbt would."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach it to the connection that all of dbt's are made from."""
        settings = load_settings(warehouse="lake")
        prepare(conn, settings)
        attach(conn, settings, read_only=False)
        _ATTACHED.append(conn)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Let names without a database be the lake's, as in the texts of views."""
        cursor.execute(f"use {DATABASE}")
