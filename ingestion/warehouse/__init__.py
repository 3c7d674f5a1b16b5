"""The warehouse of a run, whichever it is: SQL to read it, dlt to load it, dbt's way to it.

    with open_warehouse(settings) as warehouse:
        warehouse.query(f"select listener from {SCHEMA}.listeners")

What a warehouse has to offer is in `protocol.py`; one module for each offers it. No other part of
the project asks which it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from ingestion.settings import Settings
from ingestion.warehouse.changed_types import changed_types
from ingestion.warehouse.loader import Loader
from ingestion.warehouse.protocol import Engine, Row, Statement, Warehouse

__all__ = [
    "Engine",
    "Loader",
    "Row",
    "Statement",
    "Warehouse",
    "changed_types",
    "engine_of",
    "open_warehouse",
]


def engine_of(settings: Settings) -> Engine:
    """The engine that `WAREHOUSE` names; its drivers are imported when it is first used."""
    engine: Engine = import_module(f"ingestion.warehouse.{settings.warehouse}").engine(settings)
    return engine


@contextmanager
def open_warehouse(settings: Settings, *, read_only: bool = False) -> Iterator[Warehouse]:
    """The warehouse that the settings name, made if it does not exist; closed at the end.

    Raises:
        WarehouseError: it cannot be opened or written, then or later: locked, full, no
            permission, no such server.
    """
    with engine_of(settings).open(read_only=read_only) as warehouse:
        yield warehouse
