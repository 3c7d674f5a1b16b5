"""What Athena is told of the marts' files: a table each, as DDL and as an entry of Glue's.

Partitions are projected: Athena computes them from the table's properties, which are written with
the files and so know every listener and the range of months. None has to be added to a catalogue,
and no query has to name a listener.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ingestion.descriptions import Described
from ingestion.errors import UserError
from ingestion.parquet import partitions_of

#: By it a table is known as one that may be replaced.
OURS: Final = {"published_by": "spotify-elt"}

#: Athena's names of types, by DuckDB's: all that contracts of marts may name.
_TYPES: Final = {
    "VARCHAR": "string",
    "BIGINT": "bigint",
    "INTEGER": "int",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}

#: Bytes that Glue keeps of what is said of a column, and of a table.
_COLUMN_COMMENT: Final = 255
_TABLE_COMMENT: Final = 2048

_OF_FOLDERS: Final = {"year_month": "Month of listening_date as text that sorts, 2026-03."}

_HIVE: Final = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True)
class Column:
    """A column as Athena knows it."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class Table:
    """One mart as Athena knows it.

    Attributes:
        name: of the mart.
        comment: its description.
        columns: those that are read from the files.
        partitions: those that are read from the names of the folders, the outer one first.
        location: where its files are, with a slash at its end.
        values: what each partition's folders are named for, in order.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    partitions: tuple[Column, ...]
    location: str
    values: Mapping[str, tuple[str, ...]]

    @property
    def properties(self) -> dict[str, str]:
        """The table's properties, of which those of projection tell its partitions."""
        if not self.partitions:
            return {**OURS}
        properties = {**OURS, "projection.enabled": "true"}
        for name, values in self.values.items():
            properties |= _months(values) if name == "year_month" else _names(name, values)
        return properties

    def ddl(self) -> str:
        """The statements by which the table takes the place of the one before.

        Quoted, for some columns are named as words of the language are (`year`).
        """
        lines = [
            f"drop table if exists `{self.name}`;\n",
            f"create external table `{self.name}` (",
            ",\n".join(f"    {_in_ddl(column)}" for column in self.columns),
            ")",
            f"comment {_literal(self.comment)}",
        ]
        if self.partitions:
            lines.append(f"partitioned by ({', '.join(map(_in_ddl, self.partitions))})")
        properties = ",\n".join(
            f"    {_literal(name)} = {_literal(value)}" for name, value in self.properties.items()
        )
        lines += [
            "stored as parquet",
            f"location {_literal(self.location)}",
            f"tblproperties (\n{properties}\n);",
        ]
        return "\n".join(lines)

    def for_glue(self) -> dict[str, Any]:
        """Glue's TableInput, which says the same."""
        return {
            "Name": self.name,
            "Description": self.comment,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", **self.properties},
            "PartitionKeys": [_in_glue(column) for column in self.partitions],
            "StorageDescriptor": {
                "Columns": [_in_glue(column) for column in self.columns],
                "Location": self.location,
                "InputFormat": f"{_HIVE}.MapredParquetInputFormat",
                "OutputFormat": f"{_HIVE}.MapredParquetOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": f"{_HIVE}.serde.ParquetHiveSerDe",
                    "Parameters": {"serialization.format": "1"},
                },
            },
        }


def table_of(
    mart: str,
    types: Mapping[str, str],
    described: Described | None,
    location: str,
    folders: Iterable[str],
    otherwise: Mapping[str, str],
) -> Table:
    """The table of a mart whose files are written.

    Args:
        mart: its name.
        types: of its columns, in DuckDB's words.
        described: what the project says of it.
        location: where its files are.
        folders: of its files, as `listener=me/year_month=2026-03`.
        otherwise: a value for each partition, in case the mart has no rows and no folder.

    Raises:
        UserError: a column is of a type that Athena has no name for here.
    """
    said = described or Described("", {})
    columns = {name: _column(mart, name, kind, said) for name, kind in types.items()}
    partitions = partitions_of(types)
    for name in partitions:
        # a mart that has the days alone gets its months from the names of the folders
        columns.setdefault(name, Column(name, "string", _OF_FOLDERS.get(name, "")))
    found = [dict(part.split("=", 1) for part in folder.split("/")) for folder in set(folders)]
    return Table(
        name=mart,
        comment=_cut(said.description, _TABLE_COMMENT),
        columns=tuple(column for column in columns.values() if column.name not in partitions),
        partitions=tuple(columns[name] for name in partitions),
        location=location,
        values={
            name: tuple(sorted({values[name] for values in found})) or (otherwise[name],)
            for name in partitions
        },
    )


def _column(mart: str, name: str, kind: str, said: Described) -> Column:
    if kind not in _TYPES:
        raise UserError(f"{mart}.{name} is a {kind}, which no table for Athena is made of")
    return Column(name, _TYPES[kind], _cut(said.columns.get(name, ""), _COLUMN_COMMENT))


def _names(partition: str, values: tuple[str, ...]) -> dict[str, str]:
    return {
        f"projection.{partition}.type": "enum",
        f"projection.{partition}.values": ",".join(values),
    }


def _months(values: tuple[str, ...]) -> dict[str, str]:
    return {
        "projection.year_month.type": "date",
        "projection.year_month.format": "yyyy-MM",
        "projection.year_month.range": f"{values[0]},{values[-1]}",
        "projection.year_month.interval": "1",
        "projection.year_month.interval.unit": "MONTHS",
    }


def _cut(text: str, limit: int) -> str:
    """The sentences that fit into so many bytes.

    An apostrophe becomes the typographic one: how to write the other in a literal, Hive and Presto,
    which share Athena's work, see differently.
    """
    text = text.replace("\\", "/").replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    if len(text.encode()) <= limit:
        return text
    fitting = text.encode()[: limit - len("…".encode())].decode(errors="ignore")
    sentences = re.match(r".*[.](?= )", fitting + " ")
    return sentences[0] if sentences else f"{fitting.rsplit(' ', 1)[0]}…"


def _in_ddl(column: Column) -> str:
    comment = f" comment {_literal(column.comment)}" if column.comment else ""
    return f"`{column.name}` {column.type}{comment}"


def _in_glue(column: Column) -> dict[str, str]:
    return {"Name": column.name, "Type": column.type, "Comment": column.comment}


def _literal(text: str) -> str:
    return f"'{text}'"
