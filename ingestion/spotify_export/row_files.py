"""Rows on their way to the warehouse: Parquet files, written while the files of an export are read.

They are ours and not dlt's, because it puts numbers into dictionaries as well, all of which differ.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

#: A row group of DuckDB's: it merges smaller ones, and rewrites larger ones.
ROWS_PER_GROUP: Final = 122_880


@dataclass(frozen=True)
class RowFile:
    """A Parquet file of rows of one raw table, all of the same columns."""

    table: str
    path: Path
    schema: pa.Schema
    row_count: int


@contextmanager
def row_files(
    files: Iterable[dict[str, pa.Table]], folder: Path, *, goes_far: bool = False
) -> Iterator[list[RowFile]]:
    """The rows of all files, in order, a Parquet file for each table and its columns.

    Args:
        files: the rows of each by raw table.
        folder: of this import alone; gone after the block.
        goes_far: whether the files go to a server; then they are compressed.
    """
    compression: _Compression = "snappy" if goes_far else "none"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with ExitStack() as stack:
            writers: dict[_Key, _Writer] = {}
            for rows_by_table in files:
                for table, rows in rows_by_table.items():
                    if not rows.num_rows:
                        continue
                    key = table, rows.schema
                    if key not in writers:
                        path = folder / f"{len(writers)}.parquet"
                        writer = _writer(path, rows.schema, compression)
                        writers[key] = stack.enter_context(writer)
                    writers[key].write(rows)
        yield [
            RowFile(table, writer.path, schema, writer.row_count)
            for (table, schema), writer in writers.items()
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_Key: TypeAlias = tuple[str, pa.Schema]
_Compression: TypeAlias = Literal["none", "snappy"]


@dataclass
class _Writer:
    path: Path
    file: pq.ParquetWriter
    waiting: list[pa.Table] = field(default_factory=list)
    row_count: int = 0

    def write(self, rows: pa.Table) -> None:
        self.waiting.append(rows)
        self.row_count += len(rows)
        if sum(map(len, self.waiting)) >= ROWS_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting but for the rest of a row group."""
        rows = pa.concat_tables(self.waiting)
        whole = len(rows) // ROWS_PER_GROUP * ROWS_PER_GROUP
        if whole:
            self.file.write_table(rows.slice(0, whole), row_group_size=ROWS_PER_GROUP)
        self.waiting = [rows.slice(whole)]

    def end(self) -> None:
        """Write the rest."""
        if self.waiting:
            self.file.write_table(pa.concat_tables(self.waiting))


@contextmanager
def _writer(path: Path, schema: pa.Schema, compression: _Compression) -> Iterator[_Writer]:
    texts: Any = [column.name for column in schema if pa.types.is_string(column.type)]
    with pq.ParquetWriter(
        path, schema, use_dictionary=texts, write_statistics=False, compression=compression
    ) as file:
        writer = _Writer(path, file)
        yield writer
        writer.end()
