"""Rows of nested tables, by the row of the raw table that they belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ingestion.spotify_api.tables import SCHEMA


def with_nested(table: str, tables: Collection[str]) -> list[str]:
    """A raw table and all that are nested in it, children before their parents."""
    return sorted(
        (one for one in tables if one == table or one.startswith(f"{table}__")), reverse=True
    )


def rows_of(table: str, tables: Collection[str], of_the_root: str) -> str:
    """SQL that holds for the rows that belong to rows of the raw table for which something does.

    Args:
        table: the raw table, or one that is nested in it.
        tables: at least those on the way from it to the raw table.
        of_the_root: SQL about a row of the raw table.
    """
    condition = of_the_root
    for parent in reversed(list(_parents(table, tables))):
        condition = f"_dlt_parent_id in (select _dlt_id from {SCHEMA}.{parent} where {condition})"
    return condition


def _parents(table: str, tables: Collection[str]) -> Iterator[str]:
    """The table that it is nested in, then the one that this is nested in, to the raw table."""
    while above := max(
        (one for one in tables if table.startswith(f"{one}__")), key=len, default=""
    ):
        yield above
        table = above
