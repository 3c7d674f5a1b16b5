"""The rows of files, cut where DuckDB cuts them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ingestion.spotify_export import importing


def rows(*values: int, **more: int) -> pa.Table:
    columns = {"row": list(values)} | {name: [value] * len(values) for name, value in more.items()}
    return pa.table(columns)


def test_rows_keep_their_order_and_fill_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "ROWS_PER_GROUP", 3)
    files = [
        {"plays": rows(1, 2)},
        {"plays": rows(3, 4, 5, 6, 7), "problems": rows(100)},
        {"plays": rows(8, new=1)},
        {"plays": rows(9, 10, 11, new=1)},
    ]
    groups = [
        (name, group["row"].to_pylist(), group.num_columns)
        for name, group in importing._row_groups(files)
    ]
    assert groups == [
        ("plays", [1, 2, 3], 1),
        ("plays", [4, 5, 6], 1),
        ("plays", [7], 1),
        ("plays", [8, 9, 10], 2),
        ("problems", [100], 1),
        ("plays", [11], 2),
    ]
