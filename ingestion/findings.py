"""What data tests found in the last build, kept as tables: `findings.<test>`, the rows themselves.

A test that fails stops a run, one that warns does not; either way its rows say what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ingestion.settings import Settings
from ingestion.warehouse import Warehouse, open_warehouse

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
    """

    test: str
    row_count: int
    table: str


def keep_findings(settings: Settings, results: Iterable[Any]) -> list[Finding]:
    """Let the rows of this build's tests take the place of the last one's.

    Args:
        settings: of this run.
        results: of dbt, one per node; those of tests that passed are passed over.
    """
    found = [result for result in results if str(result.status) in _FOUND_SOMETHING]
    with open_warehouse(settings) as warehouse:
        if not found and not warehouse.column_types("findings"):
            return []
        with warehouse.transaction():
            warehouse.query(f'create schema if not exists "{settings.schema_prefix}findings"')
            return _replace(warehouse, found)


def _replace(warehouse: Warehouse, found: list[Any]) -> list[Finding]:
    for table in warehouse.column_types("findings"):
        warehouse.query(f'drop table findings."{table}"')
    findings = []
    for result in found:
        table = f'findings."{result.node.alias}"'
        rows = result.node.compiled_code
        warehouse.query(
            f"create table {table} as select * from ({rows}) as found limit {_ROWS_KEPT}"
        )
        findings.append(Finding(result.node.name, result.failures, table.replace('"', "")))
    return findings
