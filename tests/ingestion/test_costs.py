"""What is used of what is allowed, and what a month will come to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ingestion.cost_notes import ensure_cost_notes, note_costs, stored_before
from ingestion.costs import (
    Use,
    as_it_grew,
    at_this_pace,
    limits_of,
    month_of,
    show_costs,
    show_dry_run,
    size,
)
from ingestion.errors import CostsUnknownError, UserError
from ingestion.settings import Settings, load_settings
from ingestion.warehouse import open_warehouse
from ingestion.warehouse.duckdb import _OpenDuckDB
from ingestion.warehouse.protocol import Allowance, Billed

GIB = 2**30


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (at(2026, 11, 22, 8), 30),
        (at(2026, 12, 31, 23, 59), 31),
        (at(2026, 2, 28), 28),
        (at(2028, 2, 29, 12), 29),
        (at(2100, 2, 1), 28),
        (at(2026, 1, 1), 31),
    ],
)
def test_a_month_has_its_days(now: datetime, days: int) -> None:
    start, end = month_of(now)
    assert end - start == timedelta(days=days)
    assert start <= now < end
    assert (start.day, end.day) == (1, 1)


def test_a_month_is_that_of_utc() -> None:
    in_kiritimati = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=14)))
    assert month_of(in_kiritimati)[0] == at(2026, 2, 1)


@pytest.mark.parametrize(
    ("used", "now", "expected"),
    [
        (0, at(2026, 11, 22), 0),
        (10, at(2026, 11, 16), 20),
        (7, at(2026, 2, 8), 28),
        (7, at(2028, 2, 8), 29),
        (31, at(2026, 12, 31, 23, 59, 59), 31),
        # of the first day no pace is known: a whole day's is assumed
        (100, at(2026, 11, 1), 3_000),
        (100, at(2026, 11, 1, 0, 5), 3_000),
        (100, at(2026, 11, 2), 3_000),
    ],
)
def test_a_month_comes_to_what_its_pace_says(used: int, now: datetime, expected: int) -> None:
    assert at_this_pace(used, now) == expected


def test_what_lies_there_goes_on_as_it_grew() -> None:
    now = at(2026, 11, 21)
    assert as_it_grew(300, (date(2026, 11, 11), 200), now) == 400
    assert as_it_grew(100, (date(2026, 11, 11), 300), now) == 0, "it shrank"
    assert as_it_grew(300, (date(2026, 11, 21), 200), now) is None, "noted today"
    assert as_it_grew(300, None, now) is None


@pytest.mark.parametrize(
    ("use", "state"),
    [
        (Use(0, 100, 0), "good"),
        (Use(49, 100, 100), "good"),
        (Use(50, 100, None), "near"),
        (Use(10, 100, 101), "near"),
        (Use(100, 100, 100), "near"),
        (Use(101, 100, 101), "over"),
        (Use(10**15, None, 10**16), "good"),
    ],
)
def test_half_of_it_is_near_and_more_than_it_is_over(use: Use, state: str) -> None:
    assert use.state == state


def test_limits_are_what_is_for_nothing_unless_they_are_set(tmp_path: Path) -> None:
    free = Allowance(stored=10 * GIB, queried=1024 * GIB)
    settings = load_settings(duckdb_path=tmp_path / "home.duckdb")
    assert limits_of(settings, free) == free
    assert limits_of(settings, Allowance()) == Allowance()
    settings = load_settings(storage_limit_gib=0.5, queries_limit_gib=2)
    assert limits_of(settings, free) == Allowance(stored=GIB // 2, queried=2 * GIB)


@pytest.mark.parametrize("name", ["storage_limit_gib", "queries_limit_gib"])
def test_a_limit_is_more_than_nothing(name: str) -> None:
    with pytest.raises(UserError, match=name.upper()):
        load_settings(**{name: 0})


@pytest.mark.parametrize(
    ("byte_count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10 * GIB, "10.0 GiB"), (2**41, "2.0 TiB")],
)
def test_sizes_are_told_as_people_say_them(byte_count: int, words: str) -> None:
    assert size(byte_count) == words


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(duckdb_path=tmp_path / "home.duckdb")


NOW = at(2026, 11, 21, 12)


def told(settings: Settings, now: datetime = NOW) -> tuple[str, bool]:
    console = Console(file=StringIO(), width=120)
    is_within = show_costs(console, settings, now)
    return console.file.getvalue(), is_within  # type: ignore[attr-defined]


def noted(settings: Settings, now: datetime) -> bool:
    with open_warehouse(settings) as warehouse:
        return note_costs(settings, warehouse, now)


def test_costs_are_noted_once_a_day(settings: Settings) -> None:
    assert noted(settings, NOW)
    assert not noted(settings, NOW + timedelta(hours=11))
    assert noted(settings, NOW + timedelta(hours=12))
    with open_warehouse(settings) as warehouse:
        notes = warehouse.query(
            "select cost_date, cost_type, name, byte_count > 0, query_count, observed_at"
            " from operations.warehouse_costs order by cost_date"
        )
    assert [row[:5] for row in notes] == [
        (date(2026, 11, 21), "storage", "home.duckdb", True, None),
        (date(2026, 11, 22), "storage", "home.duckdb", True, None),
    ]
    assert notes[0][5] == NOW


def test_notes_are_forgotten_after_some_years(settings: Settings) -> None:
    for ago in (801, 800, 1):
        noted(settings, NOW - timedelta(days=ago))
    noted(settings, NOW)
    with open_warehouse(settings) as warehouse:
        [(first, count)] = warehouse.query(
            "select min(cost_date), count(*) from operations.warehouse_costs"
        )
    assert (first, count) == (NOW.date() - timedelta(days=800), 3)


def test_growth_is_told_since_the_first_note_of_a_month(settings: Settings) -> None:
    for ago in (40, 20, 0):
        noted(settings, NOW - timedelta(days=ago))
    with open_warehouse(settings) as warehouse:
        warehouse.query("update operations.warehouse_costs set byte_count = 1")
        before = stored_before(warehouse, NOW.date() - timedelta(days=31))
    assert before == (date(2026, 11, 1), 1)

    words, is_within = told(settings)

    assert is_within
    assert "home.duckdb" in words
    assert "more than on 2026-11-01" in words
    assert "at the end of the month" in words


def test_without_notes_no_growth_is_told(settings: Settings) -> None:
    with open_warehouse(settings, read_only=False) as warehouse:
        warehouse.query("create schema spotify_api")
    words, is_within = told(settings)
    assert is_within
    assert "Stored" in words
    assert "than on" not in words
    assert "Queries" not in words, "nobody bills them"


def test_over_the_limit_is_said(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        ensure_cost_notes(settings, warehouse)
    words, is_within = told(settings.model_copy(update={"storage_limit_gib": 1e-6}))
    assert not is_within
    assert "% of" in words


def test_without_a_warehouse_there_are_no_costs(settings: Settings) -> None:
    with pytest.raises(UserError, match="no warehouse yet"):
        told(settings)


def test_a_dry_run_costs_nothing_where_queries_do_not(settings: Settings) -> None:
    console = Console(file=StringIO(), width=120)
    show_dry_run(console, settings)
    assert "nothing is billed" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_build_goes_on_where_it_may_not_know_what_queries_cost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_warehouse: object, _since: date) -> list[Billed]:
        raise CostsUnknownError("told to others alone")

    monkeypatch.setattr(_OpenDuckDB, "billed", refuse)
    assert noted(settings, NOW)
    with open_warehouse(settings) as warehouse:
        assert warehouse.query("select cost_type from operations.warehouse_costs") == [("storage",)]


def test_queries_of_the_day_of_the_last_note_are_noted_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = NOW.date()
    known = [Billed(today, "fct_plays", 1, 10)]
    monkeypatch.setattr(
        _OpenDuckDB, "billed", lambda _, since: [one for one in known if one.day >= since]
    )
    noted(settings, NOW)
    known[:] = [Billed(today, "fct_plays", 4, 40), Billed(today + timedelta(1), "others", 1, 5)]
    noted(settings, NOW + timedelta(days=1))
    with open_warehouse(settings) as warehouse:
        notes = warehouse.query(
            "select cost_date, name, query_count, byte_count from operations.warehouse_costs"
            " where cost_type = 'queries' order by 1, 2"
        )
    assert notes == [(today, "fct_plays", 4, 40), (today + timedelta(1), "others", 1, 5)]
