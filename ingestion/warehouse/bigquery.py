"""BigQuery: datasets of a Google Cloud project, found by BIGQUERY_PROJECT.

dlt loads Parquet by load jobs; everything is read through Google's own client. Who writes holds a
lock (`bigquery_lock.py`), so that a second run is refused at once, as with a DuckDB file.

Google's credentials are found as its own programs find them: GOOGLE_APPLICATION_CREDENTIALS,
`gcloud auth application-default login`, or the machine's service account.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from typing import Any, Final

import pyarrow as pa

from ingestion.checks import Check
from ingestion.errors import CostsUnknownError, UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.warehouse.loader import Loader, causes, latest_state, read_state
from ingestion.warehouse.protocol import Allowance, Billed, Engine, Row, Stored, Warehouse
from ingestion.warehouse.schemas import SCHEMAS, with_prefix
from ingestion.warehouse.states import is_watched

if find_spec("dbt.adapters.bigquery") is None:
    raise WarehouseError(
        "BigQuery needs packages that are not installed: make setup WAREHOUSE=bigquery"
        " (or pip install 'spotify-elt[bigquery]', on Python below 3.13)"
    )

import google.auth
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPIError, NotFound
from google.auth import impersonated_credentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from ingestion.warehouse.bigquery_jobs import APP, billed_by, jobs_since
from ingestion.warehouse.bigquery_lock import LOCK, WriteLock, only_writer
from ingestion.warehouse.bigquery_sql import Script, with_all_days

#: BigQuery's names of the types that the tables have, by either of its dialects, and DuckDB's.
_TYPES: Final = {
    "STRING": "VARCHAR",
    "INT64": "BIGINT",
    "INTEGER": "BIGINT",
    "FLOAT64": "DOUBLE",
    "FLOAT": "DOUBLE",
    "BOOL": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}

#: The same of the columns of a result, which have the names of BigQuery's older SQL, and Arrow's.
_ARROW_TYPES: Final[dict[str, pa.DataType]] = {
    "STRING": pa.string(),
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
}

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)

_ROWS_PER_PAGE: Final = 10_000

#: Google's client keeps ten connections.
_ASKED_AT_ONCE: Final = 8

#: What a query is billed for that reads anything at all: https://cloud.google.com/bigquery/pricing.
_LEAST_BILLED: Final = 10 * 2**20

#: Google's free tier: 10 GiB stored, 1 TiB queried a month.
_ALLOWANCE: Final = Allowance(stored=10 * 2**30, queried=2**40)

#: How long to try again when the network or BigQuery fails.
_RETRY: Final = DEFAULT_RETRY.with_timeout(60)


def engine(settings: Settings) -> Engine:
    """The engine of the project that the settings name.

    Raises:
        WarehouseError: they name none.
    """
    return _BigQuery(settings)


class _BigQuery:
    def __init__(self, settings: Settings) -> None:
        if settings.bigquery_project is None:
            raise WarehouseError(
                "BIGQUERY_PROJECT is not set: give the id of your Google Cloud project"
            )
        self._project = settings.bigquery_project
        self._settings = settings
        self._prefix = settings.schema_prefix

    @property
    def place(self) -> str:
        return f"the project {self._project} in {self._settings.bigquery_location}"

    @property
    def opened_by(self) -> str:
        return "BigQuery"

    @property
    def views_outlive_tables(self) -> bool:
        return True

    @property
    def bills_queries(self) -> bool:
        return True

    @property
    def allowance(self) -> Allowance:
        return _ALLOWANCE

    def exists(self) -> bool:
        with self.open(read_only=True) as warehouse:
            return any(warehouse.tables(schema) for schema in SCHEMAS)

    @contextmanager
    def open(self, *, read_only: bool) -> Iterator[Warehouse]:
        try:
            with self._client() as client:
                if read_only:
                    yield _OpenBigQuery(client, self._settings)
                    return
                with only_writer(client, f"{self._prefix}staging", self.place) as lock:
                    try:
                        yield _OpenBigQuery(client, self._settings, lock)
                    finally:
                        shutil.rmtree(self._settings.working_folder, ignore_errors=True)
        except UserError:
            raise
        except Exception as error:
            raise self._in_one_line(error) from error

    @contextmanager
    def _client(self) -> Iterator[bigquery.Client]:
        settings = self._settings
        if settings.google_application_credentials:  # .env is not where Google's packages look
            os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(
                settings.google_application_credentials
            )
        credentials, _ = google.auth.default(_SCOPES)
        if settings.bigquery_impersonate_service_account:
            credentials = impersonated_credentials.Credentials(
                credentials, settings.bigquery_impersonate_service_account, list(_SCOPES)
            )
        with bigquery.Client(
            self._project,
            credentials,
            location=settings.bigquery_location,
            client_options=ClientOptions(api_endpoint=settings.bigquery_api_endpoint),
            default_query_job_config=bigquery.QueryJobConfig(
                maximum_bytes_billed=settings.bigquery_maximum_bytes_billed,
                labels=settings.bigquery_labels | {"app": APP},
            ),
        ) as client:
            yield client

    def dbt_variables(self) -> dict[str, str]:
        settings = self._settings
        given = {
            "BIGQUERY_PROJECT": self._project,
            "BIGQUERY_LOCATION": settings.bigquery_location,
            "BIGQUERY_API_ENDPOINT": settings.bigquery_api_endpoint,
            "BIGQUERY_PRIORITY": settings.bigquery_priority,
            "BIGQUERY_REQUIRE_PARTITION_FILTER": settings.bigquery_require_partition_filter,
            "BIGQUERY_LABELS": ",".join(f"{k}={v}" for k, v in settings.bigquery_labels.items()),
            "BIGQUERY_MAXIMUM_BYTES_BILLED": settings.bigquery_maximum_bytes_billed,
            "BIGQUERY_IMPERSONATE_SERVICE_ACCOUNT": settings.bigquery_impersonate_service_account,
            "GOOGLE_APPLICATION_CREDENTIALS": settings.google_application_credentials,
        }
        return {name: str(value) for name, value in given.items() if value is not None}

    def close_dbt(self) -> None:
        """Its connections end with the run of dbt."""

    def examine(self) -> Iterator[Check]:
        with self.open(read_only=True) as warehouse:
            warehouse.query("select 1")
            missing = [schema for schema in SCHEMAS if not warehouse.tables(schema)]
        made = "; the first run makes the datasets" if len(missing) == len(SCHEMAS) else ""
        yield Check("warehouse", "good", f"{self.place} answers{made}")

    def _in_one_line(self, error: Exception) -> Exception:
        """What the user can do about it, or the error itself when that is nothing."""
        of_google = (GoogleAPIError, GoogleAuthError, OSError)
        found = [cause for cause in causes(error) if isinstance(cause, of_google)]
        if not found or any(map(_is_wrong_sql, found)):
            return error
        reason = " ".join(str(getattr(found[0], "message", None) or found[0]).split())
        return WarehouseError(f"cannot use the warehouse, {self.place}: {reason}")


def _is_wrong_sql(error: BaseException) -> bool:
    reasons = [one.get("reason") for one in getattr(error, "errors", None) or ()]
    return isinstance(error, BadRequest) and "invalidQuery" in reasons


class _OpenBigQuery:
    def __init__(
        self, client: bigquery.Client, settings: Settings, lock: WriteLock | None = None
    ) -> None:
        self._client = client
        self._settings = settings
        self._prefix = settings.schema_prefix
        self._lock = lock
        self._transaction: Script | None = None
        self._seen: dict[str, list[bigquery.Table]] = {}

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        script = self._transaction or self._script()
        script.add(with_prefix(sql, self._prefix), parameters)
        return [] if self._transaction else [row.values() for row in self._run(script)]

    def tables(self, schema: str) -> set[str]:
        return {place.table_id for place in self._places(schema)}

    def states(self, schema: str) -> dict[str, str]:
        """Told by BigQuery for nothing; to count rows would be billed, 10 MiB for each table."""
        return {
            table.table_id: f"{table.num_rows} rows, {table.modified}"
            for table in self._described(schema)
            if is_watched(table.table_id)
        }

    def storage(self) -> list[Stored]:
        return [
            Stored(schema, table.table_id, table.num_bytes)
            for schema in SCHEMAS
            for table in self._described(schema)
            if table.num_bytes is not None and table.table_type == "TABLE"
        ]

    def billed(self, since: date) -> list[Billed]:
        sql, parameters = jobs_since(since, self._client.project, self._client.location)
        try:
            return billed_by(
                row.values() for row in self._run(Script(statements=[sql], parameters=parameters))
            )
        except Forbidden as error:
            raise CostsUnknownError(
                "what queries cost is told to those with the role BigQuery Resource Viewer on the"
                f" project {self._client.project} alone"
            ) from error

    def would_read(self, query: str) -> int | None:
        config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
        if self._settings.bigquery_require_partition_filter:
            query = with_all_days(query)
        try:
            job = self._client.query(query, config, retry=_RETRY)
        except NotFound:
            return None
        read = int(job.total_bytes_processed)
        return read and max(read, _LEAST_BILLED)

    def _described(self, schema: str) -> list[bigquery.Table]:
        """All that BigQuery says of the tables and views of a schema, which costs nothing.

        Kept for as long as only questions are asked; who writes is told anew each time.
        """
        if schema not in self._seen:
            with ThreadPoolExecutor(_ASKED_AT_ONCE) as asking:
                described = list(asking.map(self._describe, self._places(schema)))
            tables = [table for table in described if table]
            if self._lock:
                return tables
            self._seen[schema] = tables
        return self._seen[schema]

    def _places(self, schema: str) -> list[bigquery.TableReference]:
        dataset = f"{self._client.project}.{self._prefix}{schema}"
        try:
            listed = list(self._client.list_tables(dataset, retry=_RETRY))
        except NotFound:
            return []
        return [one.reference for one in listed if one.table_id != LOCK]

    def _describe(self, place: bigquery.TableReference) -> bigquery.Table | None:
        try:
            return self._client.get_table(place, retry=_RETRY)
        except NotFound:  # dropped since it was listed
            return None

    def create_table(self, schema: str, table: str, query: str) -> None:
        script = self._transaction or self._script()
        if script.names_all_days:
            query = with_all_days(query)
        script.statements.append(f"create table `{self._prefix}{schema}`.`{table}` as {query}")
        if not self._transaction:
            self._run(script)

    def _script(self) -> Script:
        return Script(names_all_days=self._settings.bigquery_require_partition_filter)

    def _run(self, script: Script) -> Any:
        if self._lock:
            self._lock.check()
        config = bigquery.QueryJobConfig(query_parameters=script.parameters)
        job = self._client.query(script.text, config, retry=_RETRY)
        return job.result(page_size=_ROWS_PER_PAGE, retry=_RETRY)

    @contextmanager
    def arrow(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        script = self._script()
        script.add(with_prefix(sql, self._prefix))
        rows = self._run(script)
        schema = pa.schema([(field.name, _ARROW_TYPES[field.field_type]) for field in rows.schema])
        batches = (batch.cast(schema) for batch in rows.to_arrow_iterable())
        yield pa.RecordBatchReader.from_batches(schema, batches)

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        return {
            table.table_id: {
                field.name: _TYPES.get(field.field_type, field.field_type) for field in table.schema
            }
            for table in self._described(schema)
        }

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See the protocol; the statements go as one script, so that a kill leaves nothing open."""
        script = self._transaction = self._script()
        try:
            yield
        finally:
            self._transaction = None
        if script.statements:
            self._run(script)

    def remembered(self, schema: str, pipeline: str) -> dict[str, Any]:
        return read_state(self.query(*latest_state(schema, pipeline)), schema)

    def loader(self, schema: str, pipeline: str | None = None) -> Loader:
        from ingestion.warehouse.bigquery_dlt import destination_of  # here: dlt is slow to import

        return Loader(
            destination_of(self._client, self._settings.bigquery_api_endpoint),
            self._settings.working_folder,
            self._prefix + schema,
            pipeline or schema,
        )
