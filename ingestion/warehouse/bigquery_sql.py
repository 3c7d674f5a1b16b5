"""Our SQL in BigQuery's words, and several statements as one script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import sqlglot
from google.cloud.bigquery import ScalarQueryParameter
from sqlglot import TokenType, exp

#: BigQuery's name of the type of a parameter; a `datetime` is a `date` too, a `bool` an `int`.
_TYPES: Final = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
    (str, "STRING"),
)

#: The marts that dbt_project.yml partitions, and by which day.
PARTITIONED: Final = {
    "agg_daily_listening": "listening_date",
    "fct_plays": "listening_date",
    "fct_sessions": "listening_date",
}


@dataclass
class Script:
    """Statements that BigQuery is given at once, with the parameters of them all.

    Attributes:
        names_all_days: whether a mart that has partitions is asked for all its days by name, as
            BigQuery wants it where it requires a filter.
    """

    names_all_days: bool = False
    statements: list[str] = field(default_factory=list)
    parameters: list[ScalarQueryParameter] = field(default_factory=list)

    def add(self, sql: str, values: Sequence[object] = ()) -> None:
        """Put a statement of ours after the others."""
        nulls = frozenset(at for at, value in enumerate(values) if value is None)
        first = len(self.parameters)
        self.statements.append(_in_googlesql(sql, nulls, first, self.names_all_days))
        given = [value for value in values if value is not None]
        self.parameters.extend(
            ScalarQueryParameter(f"p{number}", _type_of(value), value)
            for number, value in enumerate(given, start=first)
        )

    @property
    def text(self) -> str:
        """The statements, of which several are one transaction.

        BigQuery has none in which tables are made or dropped.
        """
        lines = self.statements
        changes_tables = any(line.lower().startswith(("create ", "drop ")) for line in lines)
        if len(lines) > 1 and not changes_tables:
            lines = ["begin transaction", *lines, "commit transaction"]
        return ";\n".join(lines)


@lru_cache(maxsize=500)
def _in_googlesql(sql: str, nulls: frozenset[int], first: int, names_all_days: bool) -> str:
    """A statement as BigQuery takes it: backticks, `string` for `varchar` and the like.

    Parameters get names, for what is written in another order. Nulls are written out: a parameter
    has a type, and BigQuery lets no text, null or not, into a column of numbers.

    Args:
        sql: in the words that all warehouses take; see `protocol.py`.
        nulls: which of the `?` are null.
        first: the number of the first parameter.
        names_all_days: see `Script`.
    """
    parts, end, number = [], 0, first
    tokens = sqlglot.tokenize(sql, read="duckdb")
    marks = [token for token in tokens if token.token_type is TokenType.PLACEHOLDER]
    for at, mark in enumerate(marks):
        parts.append(sql[end : mark.start])
        parts.append("null" if at in nulls else f"$p{number}")
        number += at not in nulls
        end = mark.end + 1
    statement = sqlglot.parse_one("".join([*parts, sql[end:]]), read="duckdb")
    if names_all_days:
        statement = statement.transform(_all_days)
    return statement.sql("bigquery")


def with_all_days(sql: str) -> str:
    """A query in BigQuery's words that asks the marts that have partitions for all their days."""
    return sqlglot.parse_one(sql, read="bigquery").transform(_all_days).sql("bigquery")


def _all_days(node: exp.Expression) -> exp.Expression:
    """A mart that has partitions, with a filter that leaves none out."""
    day = PARTITIONED.get(node.name) if isinstance(node, exp.Table) else None
    if day is None or not node.text("db").endswith("marts"):
        return node
    table, name = node.copy(), node.alias_or_name
    table.set("alias", None)
    return exp.select("*").from_(table).where(f"{day} >= date '0001-01-01'").subquery(name)


def _type_of(value: object) -> str:
    return next(name for kind, name in _TYPES if isinstance(value, kind))
