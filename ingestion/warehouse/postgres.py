"""Postgres: a server that the user has, near or hosted, found by POSTGRES_URL.

dlt loads by binary COPY (ADBC); everything is read over one connection. Who writes holds an
advisory lock of the server's, so that a second run is refused at once, as with a DuckDB file: it
would take the first one's unfinished rows for what a killed run left. The lock belongs to the
session: a pooler has to keep one (`session` mode).
"""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa

from ingestion.checks import Check
from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.warehouse.loader import Loader, causes, latest_state, read_state
from ingestion.warehouse.protocol import Allowance, Billed, Engine, Row, Stored, Warehouse
from ingestion.warehouse.schemas import SCHEMAS, with_prefix
from ingestion.warehouse.states import counted_states

if find_spec("psycopg2") is None or find_spec("adbc_driver_postgresql") is None:
    raise WarehouseError(
        "Postgres needs packages that are not installed: make setup WAREHOUSE=postgres"
        " (or pip install 'spotify-elt[postgres]')"
    )

import psycopg2
from adbc_driver_postgresql import dbapi
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class
from psycopg2.extensions import new_type, parse_dsn

from ingestion.warehouse.postgres_lock import only_writer

#: Postgres's names of the types that the tables have, and DuckDB's.
_TYPES: Final = {
    "character varying": "VARCHAR",
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "timestamp without time zone": "TIMESTAMP",
}

#: What dbt-postgres is given by itself; every other part of the address goes by libpq's variables.
_GIVEN_TO_DBT: Final = {
    "host": "POSTGRES_HOST",
    "port": "POSTGRES_PORT",
    "user": "POSTGRES_USER",
    "dbname": "POSTGRES_DATABASE",
    "password": "DBT_ENV_SECRET_POSTGRES_PASSWORD",  # dbt hides what is called so
}
_OF_LIBPQ: Final = {"connect_timeout": "PGCONNECT_TIMEOUT", "application_name": "PGAPPNAME"}

_CONNECT_SECONDS: Final = 15

AdbcError: TypeAlias = dbapi.Error
"""What a connection by ADBC raises."""


def engine(settings: Settings) -> Engine:
    """The engine of the server that the settings name.

    Raises:
        WarehouseError: they name none.
    """
    return _Postgres(settings)


def address_of(settings: Settings) -> str:
    """The address of the server, with its password.

    Raises:
        WarehouseError: there is none.
    """
    if settings.postgres_url is None:
        raise WarehouseError(
            "POSTGRES_URL is not set: give the address as your provider shows it,"
            " postgresql://user:password@host:5432/database"
        )
    return settings.postgres_url.get_secret_value()


def place_of(address: str) -> str:
    """The database and its server, as a person would name them, without a password."""
    parts = _parts_of(address)
    return f"{parts['dbname']} on {parts['host']}"


def _parts_of(address: str) -> dict[str, str]:
    """The parts of an address that the settings have looked at: only an option may be wrong yet.

    Raises:
        WarehouseError: libpq knows no such option; names it.
    """
    try:
        parts: dict[str, str] = parse_dsn(address)
    except psycopg2.ProgrammingError as error:
        reason = " ".join(str(error).split()).removeprefix("invalid dsn: ")
        raise WarehouseError(f"the address of the Postgres has an {reason}: leave it out") from None
    return parts


def connect_by_adbc(address: str) -> dbapi.Connection:
    """A connection whose rows are Arrow's; it begins a transaction by itself."""
    return _first_by_adbc(address).adbc_clone()


@cache
def _first_by_adbc(address: str) -> dbapi.Connection:
    """An idle connection, from which others are cloned.

    The driver asks a database for all of its types, those of every table among them, before a
    first connection, and dlt wants one for each file that it loads. Clones know them, and go on
    where this one was ended by the server.
    """
    connection = dbapi.connect(address, autocommit=True)
    atexit.register(connection.close)
    return connection


class _Postgres:
    def __init__(self, settings: Settings) -> None:
        self._url = address_of(settings)
        self._address = _parts_of(self._url)
        self._folder = settings.working_folder
        self._prefix = settings.schema_prefix

    @property
    def place(self) -> str:
        return place_of(self._url)

    @property
    def opened_by(self) -> str:
        return "Postgres"

    @property
    def views_outlive_tables(self) -> bool:
        return False

    @property
    def bills_queries(self) -> bool:
        return False

    @property
    def allowance(self) -> Allowance:
        return Allowance()

    def exists(self) -> bool:
        with self.open(read_only=True) as warehouse:
            return any(warehouse.column_types(schema) for schema in SCHEMAS)

    @contextmanager
    def open(self, *, read_only: bool) -> Iterator[Warehouse]:
        try:
            with _connect(self._url, read_only=read_only) as connection:
                if read_only:
                    yield _OpenPostgres(connection, self._url, self._folder, self._prefix)
                    return
                with only_writer(connection, f"spotify-elt {self._prefix}", self.place):
                    try:
                        yield _OpenPostgres(connection, self._url, self._folder, self._prefix)
                    finally:
                        shutil.rmtree(self._folder, ignore_errors=True)
        except UserError:
            raise
        except Exception as error:
            raise self._in_one_line(error) from error

    def dbt_variables(self) -> dict[str, str]:
        given = {"port": "5432", "password": ""} | self._address
        return {
            _GIVEN_TO_DBT.get(name)
            or _OF_LIBPQ.get(name)
            or f"PG{name.replace('_', '').upper()}": value
            for name, value in given.items()
        }

    def close_dbt(self) -> None:
        """Its connections end with the run of dbt."""

    def examine(self) -> Iterator[Check]:
        with self.open(read_only=True) as warehouse:
            [(version, may_create, is_encrypted)] = warehouse.query(
                "select current_setting('server_version'),"
                " has_database_privilege(current_database(), 'create'),"
                " coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)"
            )
            missing = [schema for schema in SCHEMAS if not warehouse.column_types(schema)]
        wire = "over TLS" if is_encrypted else "unencrypted"
        yield Check("warehouse", "good", f"{self.place} answers, Postgres {version}, {wire}")
        if missing and not may_create:
            yield Check(
                "warehouse",
                "bad",
                f"{self._address['user']} may make no schema there: grant create on database"
                f" {self._address['dbname']} to {self._address['user']}",
            )

    def _in_one_line(self, error: Exception) -> Exception:
        """What the user can do about it, or the error itself when that is nothing."""
        of_the_server = (psycopg2.OperationalError, OSError)
        found = [cause for cause in causes(error) if isinstance(cause, of_the_server)]
        if not found:
            return error
        reason = " ".join(str(found[0]).split())
        return WarehouseError(f"cannot use the warehouse {self.place}: {reason}")


class _OpenPostgres:
    def __init__(self, connection: Connection, url: str, dlt_folder: Path, prefix: str) -> None:
        self._connection = connection
        self._url = url
        self._dlt_folder = dlt_folder
        self._prefix = prefix

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        statement = with_prefix(sql, self._prefix).replace("%", "%%").replace("?", "%s")
        with self._connection.cursor() as cursor:
            cursor.execute(statement, list(parameters))
            return cursor.fetchall() if cursor.description else []

    def tables(self, schema: str) -> set[str]:
        return set(self.column_types(schema))

    def states(self, schema: str) -> dict[str, str]:
        return counted_states(self, schema)

    def storage(self) -> list[Stored]:
        """Tables with their indexes and what Postgres keeps beside them for long values."""
        marks = ", ".join("?" * len(SCHEMAS))
        rows = self.query(
            "select namespaces.nspname, tables.relname, pg_total_relation_size(tables.oid)"
            " from pg_class as tables"
            " inner join pg_namespace as namespaces on tables.relnamespace = namespaces.oid"
            f" where tables.relkind = 'r' and namespaces.nspname in ({marks})"
            " order by 1, 2",
            [self._prefix + schema for schema in SCHEMAS],
        )
        return [
            Stored(schema.removeprefix(self._prefix), table, size) for schema, table, size in rows
        ]

    def billed(self, since: date) -> list[Billed]:  # noqa: ARG002 - the protocol's
        return []

    def would_read(self, query: str) -> int | None:  # noqa: ARG002 - the protocol's
        return None

    def create_table(self, schema: str, table: str, query: str) -> None:
        self.query(f'create table {schema}."{table}" as {query}')

    @contextmanager
    def arrow(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        with connect_by_adbc(self._url) as connection, connection.cursor() as cursor:
            cursor.execute(with_prefix(sql, self._prefix))
            yield cursor.fetch_record_batch()

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        types: dict[str, dict[str, str]] = {}
        for table, column, data_type in self.query(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = ? order by table_name, ordinal_position",
            [self._prefix + schema],
        ):
            types.setdefault(table, {})[column] = _TYPES.get(data_type, data_type.upper())
        return types

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.query("begin")
        try:
            yield
        except BaseException:
            self.query("rollback")
            raise
        self.query("commit")

    def remembered(self, schema: str, pipeline: str) -> dict[str, Any]:
        return read_state(self.query(*latest_state(schema, pipeline)), schema)

    def loader(self, schema: str, pipeline: str | None = None) -> Loader:
        from ingestion.warehouse.postgres_dlt import PostgresByCopy  # here: dlt is slow to import

        destination = PostgresByCopy(self._url, create_indexes=False)
        return Loader(destination, self._dlt_folder, self._prefix + schema, pipeline or schema)


@contextmanager
def _connect(url: str, *, read_only: bool) -> Iterator[Connection]:
    """A connection in which each statement is a transaction of its own, closed at the end."""
    connection = psycopg2.connect(url, connect_timeout=_CONNECT_SECONDS)
    try:
        connection.set_session(readonly=read_only, autocommit=True)
        for words in (_UTC_TIMES, _WHOLE_NUMBERS):
            psycopg2.extensions.register_type(words, connection)
        yield connection
    finally:
        connection.close()


def _aware(value: str | None, cursor: Any) -> datetime | None:
    """In UTC, whatever zone the server speaks in; to change that would outlive us in a pooler."""
    moment: datetime | None = psycopg2.extensions.PYDATETIMETZ(value, cursor)
    return moment.astimezone(UTC) if moment else None


def _number(value: str | None, _cursor: Any) -> float | int | None:
    """Sums of whole numbers are `numeric` in Postgres; they are whole numbers here."""
    if value is None:
        return None
    return float(value) if "." in value else int(value)


_UTC_TIMES: Final = new_type((1184,), "UTC", _aware)
_WHOLE_NUMBERS: Final = new_type((1700,), "NUMBER", _number)
