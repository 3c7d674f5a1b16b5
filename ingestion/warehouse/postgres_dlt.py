"""dlt's Postgres destination, with two things told it: how text compares, and how much to hold.

Imported when something is loaded, because dlt is slow to import.
"""

from __future__ import annotations

from typing import Any, cast

from adbc_driver_manager.dbapi import Connection
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresCredentials
from dlt.destinations.impl.postgres.factory import PostgresTypeMapper
from dlt.destinations.impl.postgres.postgres import PostgresClient, PostgresParquetCopyJob

from ingestion.warehouse.postgres import connect_by_adbc


class PostgresByCopy(postgres):
    """Parquet by binary COPY, a row group at a time; text that is compared byte by byte.

    As DuckDB and BigQuery compare it: the first of several names is then the same everywhere,
    whatever collation the database was made with. What SQL computes from a column inherits it.
    """

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        capabilities = super()._raw_capabilities()
        capabilities.type_mapper = _ByteWise
        return capabilities

    @property
    def client_class(self) -> type[PostgresClient]:
        """The client of dlt, with our load job."""
        return _Client


class _ByteWise(PostgresTypeMapper):
    # `text` as all expressions are, so that dbt finds its tables to have the types of its queries
    sct_to_unbound_dbt = PostgresTypeMapper.sct_to_unbound_dbt | {"text": 'text collate "C"'}
    dbt_to_sct = PostgresTypeMapper.dbt_to_sct | {"text": "text"}


class _CopyJob(PostgresParquetCopyJob):
    # else it reads a whole file into memory, and fails on one without rows
    _ingest_per_rowgroup = True

    def _connect(self) -> Connection:
        self._config = self._job_client.config
        address = cast(PostgresCredentials, self._config.credentials).to_native_representation()
        return connect_by_adbc(address.replace(" ", "%20"))  # libpq's way to write a space


class _Client(PostgresClient):
    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> Any:
        job: LoadJob = super().create_load_job(table, file_path, load_id, restore)
        return _CopyJob(file_path) if isinstance(job, PostgresParquetCopyJob) else job
