"""Our SQL in BigQuery's words, and several statements as one script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import sqlglot
from google.cloud.bigquery import ScalarQueryParameter
from sqlglot import TokenType

#: BigQuery's name of the type of a parameter; a `datetime` is a `date` too, a `bool` an `int`.
_TYPES: Final = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
    (str, "STRING"),
)


@dataclass
class Script:
    """Statements that BigQuery is given at once, with the parameters of them all."""

    statements: list[str] = field(default_factory=list)
    parameters: list[ScalarQueryParameter] = field(default_factory=list)

    def add(self, sql: str, values: Sequence[object] = ()) -> None:
        """Put a statement of ours after the others."""
        nulls = frozenset(at for at, value in enumerate(values) if value is None)
        first = len(self.parameters)
        self.statements.append(_in_googlesql(sql, nulls, first))
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
def _in_googlesql(sql: str, nulls: frozenset[int], first: int) -> str:
    """A statement as BigQuery takes it: backticks, `string` for `varchar` and the like.

    Parameters get names, for what is written in another order. Nulls are written out: a parameter
    has a type, and BigQuery lets no text, null or not, into a column of numbers.

    Args:
        sql: in the words that all warehouses take; see `protocol.py`.
        nulls: which of the `?` are null.
        first: the number of the first parameter.
    """
    parts, end, number = [], 0, first
    tokens = sqlglot.tokenize(sql, read="duckdb")
    marks = [token for token in tokens if token.token_type is TokenType.PLACEHOLDER]
    for at, mark in enumerate(marks):
        parts.append(sql[end : mark.start])
        parts.append("null" if at in nulls else f"$p{number}")
        number += at not in nulls
        end = mark.end + 1
    [statement] = sqlglot.transpile("".join([*parts, sql[end:]]), read="duckdb", write="bigquery")
    return statement


def _type_of(value: object) -> str:
    return next(name for kind, name in _TYPES if isinstance(value, kind))
