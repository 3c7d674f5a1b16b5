"""The dlt source of an import: the rows of files, which do not count yet.

dlt loads every table by itself, so a killed run can leave half of a file's rows behind. A file
counts once its row is in `import_files`, which is inserted last and alone; what has none is
deleted when the next run begins (`history.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dlt
from dlt.common.libs.pyarrow import py_arrow_to_table_schema_columns
from dlt.common.schema.typing import TSchemaContractDict
from dlt.common.schema.utils import new_table
from dlt.extract import DltResource, DltSource

from ingestion.spotify_export.row_files import RowFile
from ingestion.spotify_export.tables import DECLARED, SCHEMA

#: New columns come in; a column's type never changes (the reader has set such rows aside).
CONTRACT: TSchemaContractDict = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}


def export_rows(files: Sequence[RowFile]) -> DltSource:
    """Rows that were read, for tables that are there.

    Args:
        files: of rows, each of one raw table.
    """

    @dlt.source(schema=declared_schema(), schema_contract=CONTRACT)
    def source() -> Iterator[DltResource]:
        for table in dict.fromkeys(file.table for file in files):
            rows = [_imported(file) for file in files if file.table == table]
            yield dlt.resource(rows, name=table, write_disposition="append")

    return source()


def _imported(file: RowFile) -> Any:
    columns = file.schema.empty_table()
    return dlt.mark.with_file_import(str(file.path), "parquet", file.row_count, columns)


def declared_schema() -> dlt.Schema:
    """A schema that declares every column of every raw table."""
    schema = dlt.Schema(SCHEMA)
    for name, declared in DECLARED.items():
        columns = list(py_arrow_to_table_schema_columns(declared).values())
        for column in columns:
            column.pop("precision", None)  # a warehouse's own, which is microseconds in all of them
            if column["name"] == "loaded_at":  # where tables have partitions, as on BigQuery
                column["partition"] = True
        table = new_table(name, write_disposition="append", columns=columns)
        schema.update_table(table, normalize_identifiers=False)
    return schema
