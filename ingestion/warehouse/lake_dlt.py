"""dlt's DuckDB destination, told that the tables are in the attached lake.

Not dlt's own for DuckLake: that opens a connection for each step, and downloads extensions.

Imported when something is loaded, because dlt is slow to import.
"""

from __future__ import annotations

from typing import Any

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import Schema
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from ingestion.warehouse.lake import DATABASE


class DuckLake(duckdb):
    """Parquet by `insert … from read_parquet`, one file after the other."""

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        capabilities = super()._raw_capabilities()
        # snapshots are numbered: of two at once, one would have to try again
        capabilities.loader_parallelism_strategy = "sequential"
        return capabilities

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client of dlt, with our names of tables."""
        return _Client


class _SqlClient(DuckDbSqlClient):
    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str:  # noqa: ARG002 - dlt's
        return DATABASE


class _Client(DuckDbClient):
    def __init__(
        self,
        schema: Schema,
        config: DuckDbClientConfiguration,
        capabilities: DestinationCapabilitiesContext,
    ) -> None:
        super().__init__(schema, config, capabilities)
        ours: Any = self.sql_client
        self.sql_client = _SqlClient(
            ours.dataset_name, ours.staging_dataset_name, config.credentials, capabilities
        )
