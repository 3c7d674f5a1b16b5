"""What state a raw table is in, where only its rows tell."""

from __future__ import annotations

from typing import Final

from ingestion.warehouse.protocol import Warehouse

#: Columns that grow with each load, the most telling first; every raw table has one of them.
_GROWING: Final = ("_dlt_load_id", "loaded_at", "updated_at", "observed_at")


def is_watched(table: str) -> bool:
    """Whether a raw table's state is told: a nested table goes with its own."""
    return not table.startswith("_dlt") and "__" not in table


def counted_states(warehouse: Warehouse, schema: str) -> dict[str, str]:
    """How many rows each table has and which load was its last.

    Rows are added by loads, and taken away by what a killed run left; one whose content changed in
    place would go unnoticed, and nothing here does that without a new time beside it.
    """
    queries = []
    for table, columns in sorted(warehouse.column_types(schema).items()):
        growing = [column for column in _GROWING if column in columns]
        if growing and is_watched(table):
            queries.append(
                f"select '{table}' as name, count(*) as row_count, max({growing[0]}) as latest"
                f" from {schema}.{table}"
            )
    if not queries:
        return {}
    rows = warehouse.query(" union all ".join(queries))
    return {name: f"{row_count} rows, {latest}" for name, row_count, latest in rows}
