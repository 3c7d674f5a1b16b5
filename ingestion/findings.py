"""What data tests found in the last build, kept as tables: `findings.<test>`, the rows themselves.

A test that fails stops a run, one that warns does not; either way its rows say what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from ingestion.settings import Settings
from ingestion.warehouse import Warehouse

#: Rows that are kept of one test: enough to see what they have in common.
_ROWS_KEPT: Final = 1_000

_FOUND_SOMETHING: Final = frozenset({"fail", "warn"})


@dataclass(frozen=True)
class Finding:
    """Rows that a data test found.

    Attributes:
        test: its name.
        row_count: of what it found, kept or not.
        table: where the first of them are.
        example: the promise that one of them breaks and its value, of the data test `integrity`.
    """

    test: str
    row_count: int
    table: str
    example: str = ""


def keep_findings(
    settings: Settings, warehouse: Warehouse, results: Iterable[Any], *, are_all: bool
) -> list[Finding]:
    """Let the rows of this build's tests take the place of those that they found before.

    Args:
        settings: of this run.
        warehouse: open.
        results: of dbt, one per test; those of tests that passed leave no table.
        are_all: whether every test was run; else what the others found stands.

    Returns:
        What was found now, and what stands.
    """
    results = list(results)
    found = [result for result in results if str(result.status) in _FOUND_SOMETHING]
    before = warehouse.tables("findings")
    run = before if are_all else before & {result.node.alias for result in results}
    if not found and not run:
        return _standing(warehouse, before)
    with warehouse.transaction():
        warehouse.query(f'create schema if not exists "{settings.schema_prefix}findings"')
        findings = _replace(warehouse, run, found)
    findings = [
        replace(finding, example=_example(warehouse, finding.table))
        if _is_integrity(result.node)
        else finding
        for finding, result in zip(findings, found, strict=True)
    ]
    return findings + _standing(warehouse, before - run)


def standing_findings(warehouse: Warehouse) -> list[Finding]:
    """What tests found when they were last run."""
    return _standing(warehouse, warehouse.tables("findings"))


def _standing(warehouse: Warehouse, tables: Iterable[str]) -> list[Finding]:
    """Of the rows, no more are known than are kept."""
    findings = []
    for table in sorted(tables):
        ((row_count,),) = warehouse.query(f'select count(*) from findings."{table}"')
        findings.append(Finding(table, row_count, f"findings.{table}"))
    return findings


def _replace(warehouse: Warehouse, before: Iterable[str], found: list[Any]) -> list[Finding]:
    for table in before:
        warehouse.query(f'drop table findings."{table}"')
    findings = []
    for result in found:
        table, rows = result.node.alias, result.node.compiled_code
        warehouse.create_table(
            "findings", table, f"select * from ({rows}) as found limit {_ROWS_KEPT}"
        )
        findings.append(Finding(result.node.name, result.failures, f"findings.{table}"))
    return findings


def _is_integrity(node: Any) -> bool:
    """Whether a data test is ours of that name: others have columns of their own."""
    of_a_table = getattr(node, "test_metadata", None)
    return bool(of_a_table and of_a_table.name == "integrity")


def _example(warehouse: Warehouse, table: str) -> str:
    """A promise that is broken, and by which value."""
    ((promise, value),) = warehouse.query(
        f"select broken_promise, offending_value from {table} limit 1"
    )
    return f"{promise}: {value}"
