"""How much memory DuckDB may take while models are built."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from ingestion.settings import load_settings
from ingestion.transform import run_dbt


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("1GB", "memory_limit = '953.6 MiB'"),
        ("900TB", "memory_limit = '818.5 TiB'"),
        (None, "parse_formatted_bytes(memory_limit) between 1 and parse_formatted_bytes('6GB')"),
    ],
)
def test_a_build_takes_what_the_settings_say_or_no_more_than_six_gigabytes(
    raw_tables: Path, tmp_path: Path, dbt_project_copy: Path, limit: str | None, expected: str
) -> None:
    (tmp_path / "home.duckdb").write_bytes(raw_tables.read_bytes())
    test = dbt_project_copy / "tests" / "memory_is_limited.sql"
    try:
        test.write_text(
            "select * from (select current_setting('memory_limit') as memory_limit)"
            f" where not ({expected})"
        )
        with chdir(tmp_path):
            settings = load_settings(duckdb_path="home.duckdb", duckdb_memory_limit=limit)
            assert run_dbt(settings, ["--quiet", "test", "--select", "memory_is_limited"])
    finally:
        test.unlink()
