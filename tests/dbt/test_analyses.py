"""The queries of `dbt_project/analyses`, compiled and run over two listeners with all sources."""

from __future__ import annotations

from collections import Counter
from contextlib import chdir
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from ingestion.settings import PROJECT_ROOT, load_settings
from ingestion.spotify_api.collecting import collect_once
from ingestion.transform import run_dbt
from simulator import Extended, World, expected_plays, imagine, write_export
from simulator.catalogue import Track
from simulator.web_api import serve
from tests.marts.conftest import Home
from tests.spotify_api.conftest import SharedClock

NAMES = sorted(path.stem for path in (PROJECT_ROOT / "dbt_project" / "analyses").glob("*.sql"))
END = date(2025, 10, 1)

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def world() -> World:
    return imagine(4_000, seed=31, start=date(2023, 4, 1), end=END)


@pytest.fixture(scope="module")
def exports(world: World) -> dict[str, Extended]:
    """What each listener's export holds: `ben` heard what `anna` did, and stopped halfway."""
    half = world.plays[len(world.plays) // 2].ended_at.date()
    return {"anna": Extended("extended_2026", END), "ben": Extended("extended_2026", half)}


@pytest.fixture(scope="module")
def home(
    dbt_project_copy: Path,  # noqa: ARG001, where it is built from
    world: World,
    exports: dict[str, Extended],
    tmp_path_factory: pytest.TempPathFactory,
) -> Home:
    """A warehouse of two exports and an account, built."""
    home = Home(tmp_path_factory.mktemp("home"))
    for listener, part in exports.items():
        write_export(world, home.folder / f"{listener}.zip", [part])
        home.ingest(home.folder / f"{listener}.zip", listener=listener)
    _collect(home, world)
    home.build()
    return home


def _collect(home: Home, world: World) -> None:
    """All that Spotify's Web API tells of anna: lists, last plays, and the catalogue."""
    now = datetime.combine(END, datetime.min.time(), tzinfo=UTC)
    with serve({"anna": world}, now=now, contract="extended") as service:
        settings = load_settings(
            duckdb_path=home.duckdb_path,
            listener="anna",
            listener_timezone=home.time_zone,
            spotify_tokens=home.folder / "tokens.json",
            spotify_api_url=service.api_url,
            spotify_accounts_url=service.accounts_url,
            spotify_client_id=service.client_id,
            spotify_client_secret=service.client_secret,
            spotify_refresh_token=service.sign_in("anna"),
            requests_per_minute=0,
            max_calls=10_000,
            max_calls_per_day=100_000,
        )
        outcome = collect_once(settings, "anna", clock=SharedClock(service), everything=True)
    assert outcome.outcome == "complete", outcome.message


@pytest.fixture(scope="module")
def answers(dbt_project_copy: Path, home: Home) -> dict[str, Rows]:
    """What each analysis, compiled and run, says of that warehouse, by its file's name."""
    target = dbt_project_copy / "target"
    with chdir(home.folder):
        settings = load_settings(duckdb_path=home.duckdb_path)
        assert run_dbt(settings, ["--quiet", "compile", "--select", "resource_type:analysis"])
    files = (target / "compiled" / "spotify_elt" / "analyses").glob("*.sql")
    with duckdb.connect(home.duckdb_path, read_only=True) as warehouse:
        return {path.stem: _run(warehouse, path.read_text()) for path in files}


def _run(warehouse: duckdb.DuckDBPyConnection, query: str) -> Rows:
    answer = warehouse.execute(query)
    columns = [column[0] for column in answer.description]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


@pytest.mark.parametrize("name", NAMES)
def test_a_question_that_people_ask_is_answered(answers: dict[str, Rows], name: str) -> None:
    rows = answers[name]

    assert rows, "no rows"
    assert len(rows[0]) >= 3
    unknown = [column for column in rows[0] if all(row[column] is None for row in rows)]
    assert unknown == []


@pytest.mark.parametrize("name", NAMES)
def test_a_query_opens_with_its_question_and_is_short(name: str) -> None:
    lines = (PROJECT_ROOT / "dbt_project" / "analyses" / f"{name}.sql").read_text().splitlines()
    comment = [line for line in lines if line.startswith("--")]

    assert lines[: len(comment)] == comment
    assert any("?" in line for line in comment)
    assert len(lines) <= 40


def test_the_best_artist_of_an_hour_is_the_one_heard_most(
    answers: dict[str, Rows],
    world: World,
    exports: dict[str, Extended],
) -> None:
    heard: dict[int, Counter[str]] = {hour: Counter() for hour in range(24)}
    for expected in expected_plays(world, [exports["ben"]]):
        if expected.is_counted and isinstance(expected.play.item, Track):
            local = expected.ended_at.astimezone(ZoneInfo("Europe/Oslo"))
            heard[local.hour][expected.play.item.artist.name] += 1

    best = {
        row["hour"]: row["stream_count"]
        for row in answers["best_artist_per_hour"]
        if row["listener"] == "ben"
    }
    assert best == {hour: max(artists.values()) for hour, artists in heard.items() if artists}


def test_two_listeners_are_alike_as_far_as_they_heard_the_same(
    answers: dict[str, Rows],
    world: World,
    exports: dict[str, Extended],
) -> None:
    [affinity] = answers["affinity"]
    shared = {row["artist_name"] for row in answers["shared_artists"]}

    bens = {
        expected.play.item.artist.name
        for expected in expected_plays(world, [exports["ben"]])
        if expected.is_counted and isinstance(expected.play.item, Track)
    }
    assert shared == bens  # all that he ever heard she did too
    assert affinity["artist_count"] == len(bens)
    assert 0.4 < affinity["affinity_share"] < 1
