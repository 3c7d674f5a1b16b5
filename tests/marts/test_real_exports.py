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


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Each export as a listener of its own, in one warehouse."""
    home = Home(tmp_path_factory.mktemp("household"))
    for export in sorted(REAL_EXPORTS.glob("*.zip")):
        report = home.ingest(export, listener=export.stem)
        assert not report.has_problems, report.problems
    home.build()
    return home


def test_all_of_them_reconcile_to_the_row(household: Home) -> None:
    assert household.query(
        "select listener, sum(file_row_count), sum(raw_row_count), sum(record_count),"
        " bool_and(is_reconciled) from marts.mon_reconciliation group by all order by all"
    ) == [
        (export.stem, json_rows(export), json_rows(export), json_rows(export), True)
        for export in sorted(REAL_EXPORTS.glob("*.zip"))
    ]


def test_account_data_beside_the_history_counts_once(household: Home) -> None:
    rules = dict(
        household.query(
            "select match_rule, count(*) from marts.bridge_play_records"
            " where record_kind = 'account_streaming_history' and listener = 'account_and_extended'"
            " group by all"
        )
    )
    # 3,308 of them are in the extended history too; one of those was renamed since
    assert rules == {
        "first_record": 10_864,
        "same_minute_length_and_names": 3_307,
        "same_minute_and_length": 1,
    }
    assert household.query(
        "select count(*) from marts.fct_plays"
        " where exclusion_reason like 'covered%' and listener = 'account_and_extended'"
    ) == [(0,)]


def test_retries_are_found_and_gapless_loops_left_alone(household: Home) -> None:
    by_year = household.query(
        "select year(ended_at), count(*) from marts.fct_plays"
        " where exclusion_reason = 'retry' and listener = 'extended_per_year_2026'"
        " group by all order by all"
    )
    # the rows of 2024 and 2025 that overlap do so by less than a second: a song on repeat
    assert by_year == [(2019, 19), (2020, 11), (2022, 5)]
