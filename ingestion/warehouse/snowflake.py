"""Snowflake: schemas of a database in the user's account, found by SNOWFLAKE_ACCOUNT.

dlt uploads Parquet to the stages that each table has, and copies it from there; everything is read
through Snowflake's own connector. Who writes holds a lock (`snowflake_lock.py`), so that a second
run is refused at once, as with a DuckDB file.

Who asks signs in by a key pair, or by a password where the account still takes one.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, Final

import pyarrow as pa

from ingestion.checks import Check
from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.warehouse.loader import Loader, causes, latest_state, read_state
from ingestion.warehouse.protocol import Allowance, Billed, Engine, Row, Stored, Warehouse
from ingestion.warehouse.schemas import SCHEMAS, with_prefix
from ingestion.warehouse.states import counted_states

if find_spec("dbt.adapters.snowflake") is None:
    raise WarehouseError(
        "Snowflake needs packages that are not installed: make setup WAREHOUSE=snowflake"
        " (or pip install 'spotify-elt[snowflake]')"
    )

import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.cursor import ResultMetadata
from snowflake.connector.errors import Error, ProgrammingError

from ingestion.warehouse.snowflake_account import address_of, place_of, secret, sign_in_of
from ingestion.warehouse.snowflake_lock import LOCK, WriteLock, only_writer
from ingestion.warehouse.snowflake_sql import in_snowflakes_words

#: Snowflake's names of the types that the tables have, and DuckDB's. Whole numbers are of one size.
_TYPES: Final = {
    "TEXT": "VARCHAR",
    "NUMBER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_LTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP_TZ": "TIMESTAMP WITH TIME ZONE",
}

#: The same of the columns of a result, which the connector calls otherwise, and Arrow's.
_ARROW_TYPES: Final[dict[str, pa.DataType]] = {
    "TEXT": pa.string(),
    "FIXED": pa.int64(),
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP_NTZ": pa.timestamp("us"),
    "TIMESTAMP_LTZ": pa.timestamp("us", "UTC"),
    "TIMESTAMP_TZ": pa.timestamp("us", "UTC"),
}

#: Numbers of errors in which no SQL of ours is wrong: no such database or table that this role may
#: see, no rights, no warehouse to compute with.
_OF_RIGHTS: Final = frozenset({606, 2003, 2043, 3001})

#: Parameters of an account or a user that change what our SQL means, and what they have to be.
_PARAMETERS: Final = {
    "DATE_INPUT_FORMAT": {"AUTO"},
    "DATE_OUTPUT_FORMAT": {"YYYY-MM-DD"},
    "DEFAULT_DDL_COLLATION": {""},
    "TIMESTAMP_INPUT_FORMAT": {"AUTO"},
    "WEEK_START": {"0", "1"},
}

_CONNECT_SECONDS: Final = 30

# what it warns of is told by the error that comes of it; at DEBUG it would tell of sign-ins
logging.getLogger("snowflake.connector").setLevel(logging.ERROR)


def engine(settings: Settings) -> Engine:
    """The engine of the database that the settings name.

    Raises:
        WarehouseError: they leave something out.
    """
    return _Snowflake(settings)


class _Snowflake:
    def __init__(self, settings: Settings) -> None:
        needed = {
            "SNOWFLAKE_ACCOUNT": settings.snowflake_account,
            "SNOWFLAKE_USER": settings.snowflake_user,
            "SNOWFLAKE_DATABASE": settings.snowflake_database,
            "SNOWFLAKE_WAREHOUSE": settings.snowflake_warehouse,
        }
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            raise WarehouseError(
                f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set:"
                " see .env.example"
            )
        if settings.snowflake_private_key_file is None and settings.snowflake_password is None:
            raise WarehouseError(
                "SNOWFLAKE_PRIVATE_KEY_FILE is not set: the private key whose public half the user"
                " was given (alter user … set rsa_public_key = …)"
            )
        self._settings = settings
        self._prefix = settings.schema_prefix

    @property
    def place(self) -> str:
        return f"{self._settings.snowflake_database} in {self._settings.snowflake_account}"

    @property
    def opened_by(self) -> str:
        return "Snowflake"

    @property
    def views_outlive_tables(self) -> bool:
        return True

    @property
    def bills_queries(self) -> bool:
        return False  # it bills the seconds that a warehouse is awake, whatever it reads

    @property
    def allowance(self) -> Allowance:
        return Allowance()

    def exists(self) -> bool:
        with self.open(read_only=True) as warehouse:
            return any(warehouse.tables(schema) for schema in SCHEMAS)

    @contextmanager
    def open(self, *, read_only: bool) -> Iterator[Warehouse]:
        with self._connection() as connection:
            if read_only:
                yield _OpenSnowflake(connection, self._settings)
                return
            with (
                self._connection() as keeping,
                only_writer(keeping, f"{self._prefix}staging", self.place) as lock,
            ):
                try:
                    yield _OpenSnowflake(connection, self._settings, lock)
                finally:
                    shutil.rmtree(self._settings.working_folder, ignore_errors=True)

    @contextmanager
    def _connection(self) -> Iterator[SnowflakeConnection]:
        """A connection, closed at the end; what the user can mend is told in one line."""
        try:
            connection = snowflake.connector.connect(
                **place_of(self._settings),
                **sign_in_of(self._settings),
                paramstyle="qmark",
                autocommit=True,
                login_timeout=_CONNECT_SECONDS,
                client_session_keep_alive=True,
                session_parameters={"TIMEZONE": "UTC"},
            )
            with closing(connection):
                yield connection
        except UserError:
            raise
        except Exception as error:
            raise self._in_one_line(error) from error

    def dbt_variables(self) -> dict[str, str]:
        settings = self._settings
        given = {
            "SNOWFLAKE_ACCOUNT": settings.snowflake_account,
            "SNOWFLAKE_USER": settings.snowflake_user,
            "SNOWFLAKE_ROLE": settings.snowflake_role,
            "SNOWFLAKE_DATABASE": settings.snowflake_database,
            "SNOWFLAKE_WAREHOUSE": settings.snowflake_warehouse,
            "SNOWFLAKE_PRIVATE_KEY_FILE": settings.snowflake_private_key_file,
            # dbt hides what is called so
            "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": secret(
                settings.snowflake_private_key_passphrase
            ),
            "DBT_ENV_SECRET_SNOWFLAKE_PASSWORD": secret(settings.snowflake_password),
        }
        address = address_of(settings)
        given |= {f"SNOWFLAKE_{name.upper()}": value for name, value in address.items()}
        return {name: str(value) for name, value in given.items() if value is not None}

    def close_dbt(self) -> None:
        """Its connections end with the run of dbt."""

    def examine(self) -> Iterator[Check]:
        settings, user = self._settings, self._settings.snowflake_user
        with self._connection() as connection:
            warehouse = _OpenSnowflake(connection, settings)
            [(version, database, compute)] = warehouse.query(
                "select current_version(), current_database(), current_warehouse()"
            )
            asked = {
                f"database {settings.snowflake_database}": database,
                f"warehouse {settings.snowflake_warehouse}": compute,
            }
            unseen = [name for name, seen in asked.items() if seen is None]
            if unseen:
                told = f"{user} sees no {' and no '.join(unseen)}: create it, or grant usage on it"
                yield Check("warehouse", "bad", told)
                return
            is_new = not any(warehouse.tables(schema) for schema in SCHEMAS)
            set_otherwise = _set_otherwise(connection)
        made = "; the first run makes the schemas" if is_new else ""
        yield Check("warehouse", "good", f"{self.place} answers, Snowflake {version}{made}")
        for name, value in set_otherwise.items():
            yield Check(
                "warehouse",
                "bad",
                f"{name} is {value!r}, by which texts, dates or weeks are not what they are"
                f" elsewhere: unset it for the user {user}, the database or the account",
            )

    def _in_one_line(self, error: Exception) -> Exception:
        """What the user can do about it, or the error itself when that is nothing."""
        found = [cause for cause in causes(error) if isinstance(cause, Error | OSError)]
        if not found or any(map(_is_wrong_sql, found)):
            return error
        reason = " ".join(str(getattr(found[0], "raw_msg", None) or found[0]).split())
        return WarehouseError(f"cannot use the warehouse, {self.place}: {reason}")


def _set_otherwise(connection: SnowflakeConnection) -> dict[str, str]:
    """Parameters that are not what our SQL needs, and their values."""
    told: dict[str, str] = {}
    with connection.cursor() as cursor:
        for scope in ("session", "database"):
            cursor.execute(f"show parameters in {scope}")
            told |= {str(row[0]).upper(): str(row[1] or "") for row in cursor.fetchall()}
    return {
        name: told[name]
        for name, good in _PARAMETERS.items()
        if name in told and told[name] not in good
    }


def _is_wrong_sql(error: BaseException) -> bool:
    return isinstance(error, ProgrammingError) and error.errno not in _OF_RIGHTS


class _OpenSnowflake:
    def __init__(
        self, connection: SnowflakeConnection, settings: Settings, lock: WriteLock | None = None
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._prefix = settings.schema_prefix
        self._lock = lock

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        return self._run(in_snowflakes_words(with_prefix(sql, self._prefix)), parameters)

    def _run(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        if self._lock:
            self._lock.check()
        with self._connection.cursor() as cursor:
            cursor.execute(sql, [_plain(value) for value in parameters] or None)
            return [tuple(map(_plain, row)) for row in cursor.fetchall()]

    def tables(self, schema: str) -> set[str]:
        return set(self.column_types(schema))

    def states(self, schema: str) -> dict[str, str]:
        return counted_states(self, schema)

    def storage(self) -> list[Stored]:
        """Tables as they are now, without what Time Travel keeps of how they were."""
        schemas = {f"{self._prefix}{schema}".upper(): schema for schema in SCHEMAS}
        rows = self.query(
            "select table_schema, table_name, bytes from information_schema.tables"
            f" where table_schema in ({', '.join('?' * len(schemas))}) and bytes is not null"
            " order by 1, 2",
            list(schemas),
        )
        return [
            Stored(schemas[schema], table.lower(), size)
            for schema, table, size in rows
            if table != LOCK.upper()
        ]

    def billed(self, since: date) -> list[Billed]:  # noqa: ARG002 - the protocol's
        return []

    def would_read(self, query: str) -> int | None:  # noqa: ARG002 - the protocol's
        return None

    def create_table(self, schema: str, table: str, query: str) -> None:
        self._run(f"create table {self._prefix}{schema}.{table} as {query}")

    @contextmanager
    def arrow(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        with self._connection.cursor() as cursor:
            cursor.execute(in_snowflakes_words(with_prefix(sql, self._prefix)))
            schema = pa.schema([_field(column) for column in cursor.description])
            tables = (
                table.rename_columns(schema.names).cast(schema)
                for table in cursor.fetch_arrow_batches()
            )
            batches = (batch for table in tables for batch in table.to_batches())
            yield pa.RecordBatchReader.from_batches(schema, batches)

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        types: dict[str, dict[str, str]] = {}
        for table, column, data_type in self.query(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = ? and table_name != ? order by table_name, ordinal_position",
            [f"{self._prefix}{schema}".upper(), LOCK.upper()],
        ):
            named = types.setdefault(table.lower(), {})
            named[column.lower()] = _TYPES.get(data_type, str(data_type))
        return types

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See the protocol; Snowflake makes and drops tables in transactions of their own."""
        self._run("begin transaction")
        try:
            yield
        except BaseException:
            self._run("rollback")
            raise
        self._run("commit")

    def remembered(self, schema: str, pipeline: str) -> dict[str, Any]:
        return read_state(self.query(*latest_state(schema, pipeline)), schema)

    def loader(self, schema: str, pipeline: str | None = None) -> Loader:
        from ingestion.warehouse.snowflake_dlt import destination_of  # here: dlt is slow to import

        return Loader(
            destination_of(self._settings),
            self._settings.working_folder,
            self._prefix + schema,
            pipeline or schema,
        )


def _plain(value: object) -> object:
    """Zoned times in UTC, whichever zone they are kept in; fractions as floats."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    return float(value) if isinstance(value, Decimal) else value


def _field(column: ResultMetadata) -> pa.Field[pa.DataType]:
    kind = FIELD_ID_TO_NAME[column.type_code]
    is_fraction = kind == "FIXED" and column.scale
    return pa.field(column.name.lower(), pa.float64() if is_fraction else _ARROW_TYPES[kind])
