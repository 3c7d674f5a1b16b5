"""DuckDB: the warehouse is one file.

One connection is held from beginning to end. DuckDB lets one process write at a time, so a
second run on the same file is refused at its beginning instead of half-way, and dlt borrows the
connection.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from ingestion.checks import Check
from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.warehouse.loader import Loader, causes, latest_state, read_state
from ingestion.warehouse.protocol import Allowance, Billed, Engine, Row, Stored, Warehouse
from ingestion.warehouse.schemas import with_prefix
from ingestion.warehouse.states import counted_states

if TYPE_CHECKING:
    from dlt.common.destination import Destination

#: What an import of ten years and the build after it need, with room to spare.
_DISK_BYTES: Final = 1_000_000_000

#: What the system says when a disk is full, a quota is used up, or files may not be that big.
_NO_ROOM: Final = ("No space left on device", "Disk quota exceeded", "File too large")

_ROWS_PER_BATCH: Final = 10_000

#: Who only reads, as the dashboard does, holds the file for moments.
_PATIENCE_WITH_READERS_SECONDS: Final = 2.0


def engine(settings: Settings) -> Engine:
    """The engine of the file that the settings name."""
    return _DuckDB(settings)


class _DuckDB:
    def __init__(self, settings: Settings) -> None:
        self._path = settings.duckdb_path.absolute()
        self._folder = settings.working_folder
        self._prefix = settings.schema_prefix
        self._memory_limit = settings.duckdb_memory_limit or ""

    @property
    def place(self) -> str:
        """The file, as seen from here where that is shorter."""
        return seen_from_here(self._path)

    @property
    def opened_by(self) -> str:
        return "DuckDB"

    @property
    def views_outlive_tables(self) -> bool:
        return True

    @property
    def bills_queries(self) -> bool:
        return False

    @property
    def allowance(self) -> Allowance:
        return Allowance()

    def exists(self) -> bool:
        return self._path.exists()

    @contextmanager
    def open(self, *, read_only: bool) -> Iterator[Warehouse]:
        try:
            if not read_only:
                make_file(self._path)
            with patiently(
                lambda: duckdb.connect(self._path, read_only=read_only), read_only=read_only
            ) as connection:
                connection.execute("set TimeZone = 'UTC'")
                try:
                    yield warehouse_of(
                        connection, self._folder, self._prefix, _destination, _storage
                    )
                finally:
                    shutil.rmtree(self._folder, ignore_errors=True)
        except UserError:
            raise
        except Exception as error:
            raise in_one_line(error, self._path.name) from error

    def dbt_variables(self) -> dict[str, str]:
        # as by hand: dbt parses every file anew when the path is another text
        return {"DUCKDB_PATH": self.place, "DUCKDB_MEMORY_LIMIT": self._memory_limit}

    def close_dbt(self) -> None:
        close_dbt()

    def examine(self) -> Iterator[Check]:
        yield from examine_file(self, self._path, "DUCKDB_PATH")


def make_file(path: Path) -> None:
    """Make an empty database and its folder, unless there is one.

    It gets its name when it is whole: a run may be killed at any moment, and DuckDB opens no file
    that has half a header. Where the file system knows no links, DuckDB makes it in its place.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        duckdb.connect(unfinished).close()
        with suppress(OSError):  # another run may have been sooner
            os.link(unfinished, path)
    unfinished.unlink(missing_ok=True)  # also what a killed run has left: a second name of the file


def seen_from_here(path: Path) -> str:
    """A path, from the working directory where that is shorter."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def close_dbt() -> None:
    """Close the connection of dbt-duckdb, which would keep the file open in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def examine_file(engine: Engine, path: Path, variable: str) -> Iterator[Check]:
    """Whether a warehouse that is a file has room and can be written; makes nothing.

    Args:
        engine: of the warehouse.
        path: of the file.
        variable: that says where it is.
    """
    folder = next(parent for parent in path.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:,.1f} GB free in {folder}"
    if free < _DISK_BYTES:
        yield Check("disk", "bad", f"{told}; make room, or set {variable} elsewhere")
    else:
        yield Check("disk", "good", told)
    if path.exists():
        with engine.open(read_only=False) as warehouse:
            warehouse.query("select 1")
        yield Check("warehouse", "good", f"{path} opens and can be written")
    elif os.access(folder, os.W_OK):
        yield Check("warehouse", "unknown", f"{path} is not there yet; the first run makes it")
    else:
        yield Check("warehouse", "bad", f"{folder} cannot be written: set {variable} elsewhere")


def patiently(
    connect: Callable[[], duckdb.DuckDBPyConnection], *, read_only: bool
) -> duckdb.DuckDBPyConnection:
    """Open a file; who wants to write waits a little for readers."""
    patience = 0.0 if read_only else _PATIENCE_WITH_READERS_SECONDS
    again = Retrying(
        retry=retry_if_exception(_is_held),
        stop=stop_after_delay(patience),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    connection: duckdb.DuckDBPyConnection = again(connect)
    return connection


def _is_held(error: BaseException) -> bool:
    return isinstance(error, duckdb.IOException) and "Could not set lock" in str(error)


def warehouse_of(
    connection: duckdb.DuckDBPyConnection,
    dlt_folder: Path,
    prefix: str,
    destination: Callable[[duckdb.DuckDBPyConnection], Destination[Any, Any]],
    storage: Callable[[duckdb.DuckDBPyConnection], list[Stored]],
) -> Warehouse:
    """The warehouse that is the current database of a connection.

    Args:
        connection: of DuckDB.
        dlt_folder: dlt's working folder.
        prefix: of the schemas.
        destination: gives dlt's, which borrows the connection.
        storage: what lies there, by schemas as they are called there.
    """
    return _OpenDuckDB(connection, dlt_folder, prefix, destination, storage)


def _destination(connection: duckdb.DuckDBPyConnection) -> Destination[Any, Any]:
    import dlt  # here, because it is slow to import, and readers need not wait

    return dlt.destinations.duckdb(connection)


def _storage(connection: duckdb.DuckDBPyConnection) -> list[Stored]:
    """The file with its log, as a whole: small tables share its blocks."""
    ((name,),) = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchall()
    path, size = Path(name), 0
    for part in (path, path.with_name(f"{path.name}.wal")):
        with suppress(FileNotFoundError):
            size += part.stat().st_size
    return [Stored("", path.name, size)]


class _OpenDuckDB:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        dlt_folder: Path,
        prefix: str,
        destination: Callable[[duckdb.DuckDBPyConnection], Destination[Any, Any]],
        storage: Callable[[duckdb.DuckDBPyConnection], list[Stored]],
    ) -> None:
        self._connection = connection
        self._dlt_folder = dlt_folder
        self._prefix = prefix
        self._destination = destination
        self._storage = storage

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        statement = with_prefix(sql, self._prefix)
        rows: list[Row] = self._connection.execute(statement, parameters).fetchall()
        return rows

    def tables(self, schema: str) -> set[str]:
        return set(self.column_types(schema))

    def states(self, schema: str) -> dict[str, str]:
        return counted_states(self, schema)

    def storage(self) -> list[Stored]:
        return [
            Stored(stored.schema.removeprefix(self._prefix), stored.table, stored.byte_count)
            for stored in self._storage(self._connection)
        ]

    def billed(self, since: date) -> list[Billed]:  # noqa: ARG002 - the protocol's
        return []

    def would_read(self, query: str) -> int | None:  # noqa: ARG002 - the protocol's
        return None

    def create_table(self, schema: str, table: str, query: str) -> None:
        self.query(f'create table {schema}."{table}" as {query}')

    @contextmanager
    def arrow(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        [(database,)] = self.query("select current_database()")
        with self._connection.cursor() as cursor:
            cursor.execute(f'use "{database}"')  # which is each session's own
            yield cursor.execute(with_prefix(sql, self._prefix)).to_arrow_reader(_ROWS_PER_BATCH)

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        types: dict[str, dict[str, str]] = {}
        for table, column, data_type in self.query(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_catalog = current_database() and table_schema = ?",
            [self._prefix + schema],
        ):
            types.setdefault(table, {})[column] = data_type
        return types

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def remembered(self, schema: str, pipeline: str) -> dict[str, Any]:
        return read_state(self.query(*latest_state(schema, pipeline)), schema)

    def loader(self, schema: str, pipeline: str | None = None) -> Loader:
        return Loader(
            self._destination(self._connection),
            self._dlt_folder,
            self._prefix + schema,
            pipeline or schema,
        )


def in_one_line(error: Exception, name: str) -> Exception:
    """What the user can do about it, or the error itself when that is nothing."""
    user_level = (duckdb.Error, OSError)
    found: list[BaseException] = [e for e in causes(error) if isinstance(e, user_level)]
    if not found:
        return error
    reason = str(found[0]).splitlines()[0]
    if any(sign in str(cause) for cause in found for sign in _NO_ROOM):
        return WarehouseError(
            f"no room left for the warehouse {name}: free some space on its disk and run"
            " again (what was loaded stays, the rest follows)"
        )
    if "Could not set lock" in reason:
        return WarehouseError(
            f"{name} is open in another program: close it (a BI tool, a DuckDB shell,"
            " another run) and try again"
        )
    of_the_place = (OSError, duckdb.IOException, duckdb.OutOfMemoryException)
    has_no_class = type(found[0]) is duckdb.Error  # of the extension for Azure
    if isinstance(found[0], of_the_place) or has_no_class:
        return WarehouseError(f"cannot use the warehouse {name}: {reason}")
    return error
