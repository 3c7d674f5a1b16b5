"""Columns whose values came with another type than declared, which dlt keeps beside them."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.warehouse.protocol import Warehouse


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


def changed_types(warehouse: Warehouse, schema: str) -> list[ChangedType]:
    """Columns of a schema in which dlt keeps values of another type than declared, by name."""
    found = []
    for table, columns in sorted(warehouse.column_types(schema).items()):
        for column in sorted(columns):
            declared, mark, data_type = column.rpartition("__v_")
            if mark and declared in columns:
                ((values,),) = warehouse.query(f'select count("{column}") from {schema}."{table}"')
                found.append(ChangedType(f"{table}.{declared}", column, data_type, values))
    return found
