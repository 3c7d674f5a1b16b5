"""The warehouse of a run: SQL to read it, dlt to load it.

One connection is held from beginning to end. DuckDB lets one process write at a time, so a
second run on the same file is refused at once instead of half-way, and dlt borrows the
connection.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ingestion.errors import UserError, WarehouseError
from ingestion.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dlt.extract import DltSource

Row = tuple[Any, ...]


class Warehouse:
    """An open warehouse. Get one from `open_warehouse`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dlt_folder: Path) -> None:
        self._connection = connection
        self._dlt_folder = dlt_folder

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement, in UTC, and return all its rows."""
        rows: list[Row] = self._connection.execute(sql, parameters).fetchall()
        return rows

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        """The database's own type name of each column, by table; empty without the schema."""
        types: dict[str, dict[str, str]] = {}
        for table, column, data_type in self.query(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_catalog = current_database() and table_schema = ?",
            [schema],
        ):
            types.setdefault(table, {})[column] = data_type
        return types

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the statements inside happen together or not at all."""
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def loader(self, name: str) -> Callable[[DltSource], None]:
        """A function that loads a dlt source as one package into the schema called `name`.

        dlt's working folder is made anew each time and its schema read back from the
        database, so a database that was deleted, restored or copied is always right, and a
        killed run leaves nothing pending.
        """
        import dlt  # here, because it is slow to import, and readers need not wait

        shutil.rmtree(self._dlt_folder, ignore_errors=True)
        pipeline = dlt.pipeline(
            name,
            pipelines_dir=str(self._dlt_folder),
            destination=dlt.destinations.duckdb(self._connection),
            dataset_name=name,
        )

        def load(source: DltSource) -> None:
            pipeline.run(source).raise_on_failed_jobs()

        return load


@contextmanager
def open_warehouse(settings: Settings, *, read_only: bool = False) -> Iterator[Warehouse]:
    """The warehouse that the settings name, made if it does not exist; closed at the end.

    Raises:
        WarehouseError: it cannot be opened or written, then or later: locked, full, no
            permission, not a DuckDB file.
    """
    path = settings.duckdb_path.absolute()
    folder = path.parent / ".dlt" / path.stem
    os.environ["DLT_PROJECT_DIR"] = str(PROJECT_ROOT / "profiles")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(path, read_only=read_only) as connection:
            connection.execute("set TimeZone = 'UTC'")
            try:
                yield Warehouse(connection, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except UserError:
        raise
    except Exception as error:
        raise _in_one_line(error, path) from error


def _in_one_line(error: Exception, path: Path) -> Exception:
    """What the user can do about it, or the error itself when that is nothing."""
    user_level = (duckdb.Error, OSError)
    causes: list[BaseException] = [e for e in _chain(error) if isinstance(e, user_level)]
    if not causes:
        return error
    reason = str(causes[0]).splitlines()[0]
    if "Could not set lock" in reason:
        return WarehouseError(
            f"{path.name} is open in another program: close it (a BI tool, a DuckDB shell,"
            " another run) and try again"
        )
    if isinstance(causes[0], (OSError, duckdb.IOException, duckdb.OutOfMemoryException)):
        return WarehouseError(f"cannot use the warehouse {path.name}: {reason}")
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
