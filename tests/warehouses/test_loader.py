"""What led to an error, whatever dlt makes of it."""

from __future__ import annotations

from ingestion.warehouse.loader import causes


def test_errors_that_were_raised_from_each_other_are_told_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert list(causes(first)) == [first, second]
