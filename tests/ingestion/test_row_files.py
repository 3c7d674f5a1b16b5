"""The rows of files as Parquet, cut where DuckDB cuts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.spotify_export import row_files


def rows(*values: int, **more: int) -> pa.Table:
    columns = {"row": list(values)} | {name: [value] * len(values) for name, value in more.items()}
    return pa.table(columns)


def test_rows_keep_their_order_and_fill_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "ROWS_PER_GROUP", 3)
    files = [
        {"plays": rows(1, 2)},
        {"plays": rows(3, 4, 5, 6, 7), "problems": rows(100)},
        {"plays": rows(8, new=1)},
        {"plays": rows(0).slice(0, 0)},
        {"plays": rows(9, 10, 11, new=1)},
    ]
    folder = tmp_path / "rows"
    with row_files.row_files(files, folder) as written:
        found = [
            (
                file.table,
                [
                    pq.ParquetFile(file.path).read_row_group(group)["row"].to_pylist()
                    for group in range(pq.ParquetFile(file.path).num_row_groups)
                ],
                file.schema.names,
                file.row_count,
            )
            for file in written
        ]
    assert found == [
        ("plays", [[1, 2, 3], [4, 5, 6], [7]], ["row"], 7),
        ("problems", [[100]], ["row"], 1),
        ("plays", [[8, 9, 10], [11]], ["row", "new"], 4),
    ]
    assert not folder.exists()


def test_what_a_killed_run_has_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "7.parquet").write_text("half a file")
    with row_files.row_files([{"plays": rows(1)}], tmp_path) as written:
        assert [path.name for path in tmp_path.iterdir()] == [written[0].path.name]
    assert not tmp_path.exists()


def test_nothing_is_left_where_reading_fails(tmp_path: Path) -> None:
    def broken() -> Iterator[dict[str, pa.Table]]:
        yield {"plays": rows(1)}
        raise OSError("No space left on device")

    with (
        pytest.raises(OSError, match="No space left"),
        row_files.row_files(broken(), tmp_path),
    ):
        pass
    assert not tmp_path.exists()
