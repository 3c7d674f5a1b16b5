"""The dlt source of an import: the rows of files, which do not count yet.

dlt loads every table by itself, so a killed run can leave half of a file's rows behind. A file
counts once its row is in `import_files`, which is inserted last and alone; what has none is
deleted when the next run begins (`history.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TSchemaContractDict
from dlt.extract import DltResource

from ingestion.spotify_export.row_files import RowFile
from ingestion.spotify_export.tables import (
    IMPORT_FILES,
    IMPORT_PROBLEMS,
    LISTENERS,
    RAW_TABLES,
    SCHEMA,
)

#: New columns come in; a column's type never changes (the reader has set such rows aside).
CONTRACT: TSchemaContractDict = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}


@dlt.source(name=SCHEMA, schema_contract=CONTRACT)
def export_rows(files: Sequence[RowFile]) -> Iterator[DltResource]:
    """Every raw table, so that none is missing, with the rows that were read.

    Args:
        files: of rows, each of one raw table.
    """
    declared = {table.name: table.schema for table in RAW_TABLES} | {
        "import_files": IMPORT_FILES,
        "import_problems": IMPORT_PROBLEMS,
        "listeners": LISTENERS,
    }
    for name, schema in declared.items():
        # where tables are made with partitions, as on BigQuery, by the day of load
        by_day: Any = {"loaded_at": {"partition": True}} if "loaded_at" in schema.names else None
        yield dlt.resource(
            _table(schema, [file for file in files if file.table == name]),
            name=name,
            columns=by_day,
            write_disposition="append",
        )


def _table(schema: pa.Schema, files: Sequence[RowFile]) -> Iterator[Any]:
    yield schema.empty_table()
    for file in files:
        columns = file.schema.empty_table()
        yield dlt.mark.with_file_import(str(file.path), "parquet", file.row_count, columns)
