"""The anonymous real exports: no problem that isn't one, reconciled to the row."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.marts.conftest import Home

REAL_EXPORTS = Path(__file__).parents[3] / "shared" / "real_exports"

pytestmark = [
    pytest.mark.real_exports,
    pytest.mark.skipif(not REAL_EXPORTS.is_dir(), reason="the real exports are not here"),
]


def json_rows(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(len(json.loads(archive.read(name))) for name in archive.namelist())


def test_all_of_them_reconcile_to_the_row(home: Home) -> None:
    exports = sorted(REAL_EXPORTS.glob("*.zip"))
    for export in exports:
        report = home.ingest(export, listener=export.stem)
        assert not report.has_problems, report.problems
    home.build()

    assert home.query(
        "select listener, sum(file_row_count), sum(raw_row_count), sum(record_count),"
        " bool_and(is_reconciled) from marts.mon_reconciliation group by all order by all"
    ) == [
        (export.stem, json_rows(export), json_rows(export), json_rows(export), True)
        for export in exports
    ]


def test_account_data_beside_the_history_counts_once(home: Home) -> None:
    home.ingest(REAL_EXPORTS / "account_and_extended.zip")
    home.build()

    rules = dict(
        home.query(
            "select match_rule, count(*) from marts.bridge_play_records"
            " where record_kind = 'account_streaming_history' group by all"
        )
    )
    # 3,308 of them are in the extended history too; one of those was renamed since
    assert rules == {
        "first_record": 10_864,
        "same_minute_length_and_names": 3_307,
        "same_minute_and_length": 1,
    }
    assert home.query(
        "select count(*) from marts.fct_plays where exclusion_reason like 'covered%'"
    ) == [(0,)]


def test_retries_are_found_and_gapless_loops_left_alone(home: Home) -> None:
    home.ingest(REAL_EXPORTS / "extended_per_year_2026.zip")
    home.build()

    by_year = home.query(
        "select year(ended_at), count(*) from marts.fct_plays"
        " where exclusion_reason = 'retry' group by all order by all"
    )
    # the rows of 2024 and 2025 that overlap do so by less than a second: a song on repeat
    assert by_year == [(2019, 19), (2020, 11), (2022, 5)]
