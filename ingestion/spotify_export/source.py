"""The dlt source of an import: the rows of files, which do not count yet.

dlt loads every table by itself, so a killed run can leave half of a file's rows behind. A file
counts once its row is in `import_files`, which is inserted last and alone; what has none is
deleted when the next run begins (`history.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TSchemaContractDict
from dlt.extract import DltResource

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
def export_rows(row_groups: Iterable[tuple[str, pa.Table]]) -> DltResource:
    """The rows of files as they are read, and every raw table, so that none is missing.

    Args:
        row_groups: Arrow tables, each with the name of the raw table that it belongs to.
    """

    @dlt.resource(write_disposition="append", parallelized=True)
    def rows() -> Iterator[Any]:
        for table in RAW_TABLES:
            yield _declared(table.schema, table.name)
        yield _declared(IMPORT_FILES, "import_files")
        yield _declared(IMPORT_PROBLEMS, "import_problems")
        yield _declared(LISTENERS, "listeners")
        for name, row_group in row_groups:
            yield dlt.mark.with_table_name(row_group, name)

    return rows


def _declared(schema: pa.Schema, name: str) -> Any:
    """A table without rows; where it is made with partitions, as on BigQuery, by day of load."""
    by_day: Any = {"loaded_at": {"partition": True}} if "loaded_at" in schema.names else None
    hints = dlt.mark.make_hints(table_name=name, columns=by_day)
    return dlt.mark.with_hints(schema.empty_table(), hints, create_table_variant=True)
