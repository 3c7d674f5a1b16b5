"""Our SQL in Snowflake's words."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp


@lru_cache(maxsize=500)
def in_snowflakes_words(sql: str) -> str:
    """A statement as Snowflake takes it.

    All its names are in quotes, for some are words of SQL (`rows`), and in capitals, in which
    Snowflake writes every name that nobody has quoted.

    Args:
        sql: in the words that all warehouses take; see `protocol.py`.
    """
    statement = sqlglot.parse_one(sql, read="duckdb")
    for name in statement.find_all(exp.Identifier):
        name.set("this", name.this.upper())
    return statement.sql("snowflake", identify=True)
