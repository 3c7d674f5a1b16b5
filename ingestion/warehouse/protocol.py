"""What every warehouse offers. SQL is written in the words that all of them take.

That is: `?` for parameters, schemas by their bare names (SCHEMA_PREFIX is put in front where the
SQL is run), no `group by all`, no list types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from ingestion.checks import Check
from ingestion.warehouse.loader import Loader

Row: TypeAlias = tuple[Any, ...]

Statement: TypeAlias = tuple[str, Sequence[object]]
"""SQL and its parameters."""


@dataclass(frozen=True)
class Stored:
    """What a table takes.

    Attributes:
        schema: by its bare name; empty where the warehouse is one whole.
        table: its name, or that of the whole.
        byte_count: what it takes, as the warehouse counts it.
    """

    schema: str
    table: str
    byte_count: int


@dataclass(frozen=True)
class Billed:
    """The queries of a day that were for one purpose.

    Attributes:
        day: in UTC.
        purpose: the model that they built, or who asked.
        query_count: how many.
        byte_count: what they are billed for.
    """

    day: date
    purpose: str
    query_count: int
    byte_count: int


@dataclass(frozen=True)
class Allowance:
    """What costs nothing; None where nothing is billed, or nobody says from where on.

    Attributes:
        stored: bytes that may lie there.
        queried: bytes that queries may read in a calendar month.
    """

    stored: int | None = None
    queried: int | None = None


class Warehouse(Protocol):
    """An open warehouse. Get one from `open_warehouse`."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return all its rows; zoned times are aware, in UTC."""

    def arrow(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of one statement, some at a time, however many there are."""

    def column_types(self, schema: str) -> dict[str, dict[str, str]]:
        """The type of each column, in DuckDB's words, by table; empty without the schema."""

    def tables(self, schema: str) -> set[str]:
        """The names of its tables and views; none without the schema."""

    def states(self, schema: str) -> dict[str, str]:
        """By raw table, a text that is another when rows were added or taken away.

        Nested tables and dlt's own are left out: they go with the others.
        """

    def storage(self) -> list[Stored]:
        """What lies there and is ours."""

    def billed(self, since: date) -> list[Billed]:
        """Queries since the beginning of a day in UTC; empty where queries are not billed.

        Raises:
            CostsUnknownError: who asks may not know.
        """

    def would_read(self, query: str) -> int | None:
        """Bytes that a query in the warehouse's own words would be billed for, at most.

        None where that cannot be known, as of a query that reads what is not there yet.
        """

    def create_table(self, schema: str, table: str, query: str) -> None:
        """Make a table of the rows of a query in the warehouse's own words, as dbt's are."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make the statements inside happen together or not at all; none of them gives rows.

        Where tables cannot be made or dropped in a transaction (BigQuery, Snowflake), a block with
        such statements runs them one after the other.
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

    @property
    def bills_queries(self) -> bool:
        """Whether somebody pays for what queries read."""

    @property
    def allowance(self) -> Allowance:
        """What it gives for nothing."""

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
