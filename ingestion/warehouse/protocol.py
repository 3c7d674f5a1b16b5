"""What every warehouse offers. SQL is written in the words that all of them take.

That is: `?` for parameters, schemas by their bare names (SCHEMA_PREFIX is put in front where the
SQL is run), no `group by all`, no list types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from ingestion.checks import Check
from ingestion.warehouse.loader import Loader

Row: TypeAlias = tuple[Any, ...]


class Warehouse(Protocol):
    """An open warehouse. Get one from `open_warehouse`."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return all its rows; zoned times are aware, in UTC."""

    def arrow(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of one statement, some at a time, however many there are."""

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        """The type of each column, in DuckDB's words, by table; empty without the schema."""

    def create_table(self, schema: str, table: str, query: str) -> None:
        """Make a table of the rows of a query in the warehouse's own words, as dbt's are."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make the statements inside happen together or not at all; none of them gives rows.

        Where tables cannot be made or dropped in a transaction (BigQuery), a block with such
        statements runs them one after the other.
        """

    def remembered(self, schema: str, pipeline: str) -> dict[str, Any]:
        """What dlt keeps for the source of the schema's name, under a pipeline's name."""

    def loader(self, schema: str, pipeline: str | None = None) -> Loader:
        """What loads dlt sources into a schema.

        Args:
            schema: of the tables.
            pipeline: the name under which dlt keeps state; the schema's own unless given.
        """


class Engine(Protocol):
    """Where a warehouse is and how it is reached; nothing is open yet."""

    @property
    def place(self) -> str:
        """As a person would name it, without a password."""

    @property
    def opened_by(self) -> str:
        """Which BI tools open it, to end the sentence `any BI tool that opens …`."""

    @property
    def views_outlive_tables(self) -> bool:
        """Whether a view stays when a table that it reads is dropped and made anew."""

    def exists(self) -> bool:
        """Whether there can be anything to read; makes nothing.

        Raises:
            WarehouseError: that cannot be known.
        """

    def open(self, *, read_only: bool) -> AbstractContextManager[Warehouse]:
        """Open it; see `open_warehouse`."""

    def dbt_variables(self) -> dict[str, str]:
        """The environment by which `profiles/profiles.yml` finds it."""

    def close_dbt(self) -> None:
        """Close what dbt leaves open in this process."""

    def examine(self) -> Iterator[Check]:
        """What could keep a run from using it, for `doctor`; makes nothing."""
