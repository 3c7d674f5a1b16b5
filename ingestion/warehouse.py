"""The warehouse of a run: SQL to read it, dlt to load it.

One connection is held from beginning to end. DuckDB lets one process write at a time, so a
second run on the same file is refused at once instead of half-way, and dlt borrows the
connection.
"""

from __future__ import annotations

import base64
import os
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import msgspec

from ingestion.errors import UserError, WarehouseError
from ingestion.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dlt.extract import DltSource

Row = tuple[Any, ...]


@dataclass(frozen=True)
class ChangedType:
    """A column whose values came with another type than declared, too.

    Attributes:
        field: the table and the column that was declared.
        column: where those values are.
        data_type: theirs, in dlt's words.
        values: how many they are.
    """

    field: str
    column: str
    data_type: str
    values: int


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

    def changed_types(self, schema: str) -> list[ChangedType]:
        """Columns in which dlt keeps values of another type than declared, by name."""
        found = []
        for table, columns in sorted(self.column_types(schema).items()):
            for column in sorted(columns):
                declared, mark, data_type = column.rpartition("__v_")
                if mark and declared in columns:
                    ((values,),) = self.query(f'select count("{column}") from {schema}."{table}"')
                    found.append(ChangedType(f"{table}.{declared}", column, data_type, values))
        return found

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

    def remembered(self, schema: str, pipeline: str) -> dict[str, Any]:
        """What dlt keeps for the source of the schema's name, under a pipeline's name.

        Read here, because to start dlt takes longer than all else in a run that finds nothing
        new. It is dlt's own encoding (1.31): JSON, deflated, in base 64; a state counts when its
        package was loaded to the end.
        """
        rows = self.query(
            f"select states.state from {schema}._dlt_pipeline_state as states"
            f" inner join {schema}._dlt_loads as loads on states._dlt_load_id = loads.load_id"
            " where states.pipeline_name = ? and loads.status = 0"
            " order by loads.load_id desc limit 1",
            [pipeline],
        )
        if not rows:
            return {}
        state = msgspec.json.decode(zlib.decompress(base64.b64decode(rows[0][0])))
        kept: dict[str, Any] = state.get("sources", {}).get(schema, {})
        return kept

    def loader(self, schema: str, pipeline: str | None = None) -> Loader:
        """What loads dlt sources into a schema.

        Args:
            schema: of the tables.
            pipeline: the name under which dlt keeps state; the schema's own unless given.
        """
        return Loader(self._connection, self._dlt_folder, schema, pipeline or schema)


class Loader:
    """Loads dlt sources into one schema. Get one from `Warehouse.loader`.

    dlt's working folder is made anew, and its schema and state are read back from the database, so
    a database that was deleted, restored or copied is always right, and a killed run leaves
    nothing pending.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, schema: str, pipeline: str
    ) -> None:
        import dlt  # here, because it is slow to import, and readers need not wait

        shutil.rmtree(folder, ignore_errors=True)
        self._pipeline = dlt.pipeline(
            pipeline,
            pipelines_dir=str(folder),
            destination=dlt.destinations.duckdb(connection),
            dataset_name=schema,
        )

    def __call__(self, source: DltSource) -> None:
        """Load a source as one package."""
        self._pipeline.run(source).raise_on_failed_jobs()

    def load_as_parquet(self, source: DltSource) -> None:
        """Load a source of Python rows as one package; dlt's own way, SQL `insert`, is slow."""
        self._pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()

    def create_tables(self, source: DltSource) -> None:
        """Create every table and column that the source's schema declares, with rows or without."""
        self._pipeline.extract(source)
        self._pipeline.normalize()
        self._pipeline.sync_schema()
        self._pipeline.load(raise_on_failed_jobs=True)


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


#: What the system says when a disk is full, a quota is used up, or files may not be that big.
_NO_ROOM: Final = ("No space left on device", "Disk quota exceeded", "File too large")


def _in_one_line(error: Exception, path: Path) -> Exception:
    """What the user can do about it, or the error itself when that is nothing."""
    user_level = (duckdb.Error, OSError)
    causes: list[BaseException] = [e for e in _chain(error) if isinstance(e, user_level)]
    if not causes:
        return error
    reason = str(causes[0]).splitlines()[0]
    if any(sign in str(cause) for cause in causes for sign in _NO_ROOM):
        return WarehouseError(
            f"no room left for the warehouse {path.name}: free some space on its disk and run"
            " again (what was loaded stays, the rest follows)"
        )
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
        why_a_load_job_failed: BaseException | None = getattr(error, "client_exception", None)
        error = why_a_load_job_failed or error.__cause__ or error.__context__
