"""The marts as Parquet files, partitioned by listener and month, for tools that read files.

data/marts/fct_plays/listener=me/year_month=2026-03/data_0.parquet
data/marts/dim_artists/data_0.parquet
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import duckdb

from ingestion.errors import UserError
from ingestion.settings import Settings
from ingestion.warehouse import Warehouse, open_warehouse

_MARTS: Final = "marts"


def write_parquet(settings: Settings, folder: Path) -> list[tuple[str, int]]:
    """Write every mart below `folder`, all or nothing: readers see the old files until the end.

    Returns:
        Each mart with its number of rows, by name.

    Raises:
        UserError: there are no marts yet, or the folder holds something else.
        WarehouseError: the warehouse cannot be opened.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "fct_plays").exists():
        raise UserError(f"{folder} holds something other than marts: give an empty folder")
    unfinished = folder.with_name(folder.name + ".unfinished")
    with open_warehouse(settings, read_only=True) as warehouse:
        marts = columns_of_marts(warehouse)
        shutil.rmtree(unfinished, ignore_errors=True)
        written = [
            (mart, write_mart(warehouse, mart, columns, unfinished / mart))
            for mart, columns in marts.items()
        ]
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return written


def columns_of_marts(warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """The type of each column, in DuckDB's words, of each mart, in the order of names.

    Raises:
        UserError: there are no marts yet.
    """
    columns = warehouse.column_types(_MARTS)
    if not columns:
        raise UserError("there are no marts yet: run `spotify-elt run` first")
    return dict(sorted(columns.items()))


def partitions_of(columns: Iterable[str]) -> tuple[str, ...]:
    """The columns that name the folders of a mart's files, the outer one first."""
    columns = set(columns)
    if "listener" not in columns:
        return ()
    has_months = not columns.isdisjoint({"year_month", "listening_date"})
    return ("listener", "year_month") if has_months else ("listener",)


def write_mart(warehouse: Warehouse, mart: str, columns: Collection[str], folder: Path) -> int:
    """Write the files of one mart below a folder that is not there yet.

    A file holds the columns that name its folders as well.

    Returns:
        The number of rows.
    """
    partitions = partitions_of(columns)
    select = "select * from mart"
    if "year_month" in partitions and "year_month" not in columns:
        select = "select *, strftime(listening_date, '%Y-%m') as year_month from mart"
    folder.mkdir(parents=True)
    is_empty = not warehouse.query(f"select 1 from {_MARTS}.{mart} limit 1")
    if partitions and not is_empty:  # without rows there are no partitions, and readers want a file
        by = f"partition_by ({', '.join(partitions)}), write_partition_columns true"
        target = folder
    else:
        by, target = "", folder / "data_0.parquet"
    options = ", ".join(part for part in ("format parquet", by) if part)
    # DuckDB writes the files, whichever warehouse the rows are from
    with warehouse.arrow(f"select * from {_MARTS}.{mart}") as rows, duckdb.connect() as writer:
        writer.register("mart", rows)
        written = writer.execute(f"copy ({select}) to '{_quoted(target)}' ({options})").fetchall()
    return int(written[0][0])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
