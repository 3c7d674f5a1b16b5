"""The queries of `dbt_project/analyses`, compiled and run over two listeners with all sources."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
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
            **service.settings_of("anna"),
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


@pytest.fixture
def to_change(
    answers: dict[str, Rows], home: Home, tmp_path: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of that warehouse, which may be changed."""
    assert answers
    with duckdb.connect(shutil.copy(home.duckdb_path, tmp_path / "home.duckdb")) as warehouse:
        yield warehouse


def _compiled(dbt_project_copy: Path, name: str) -> str:
    folder = dbt_project_copy / "target" / "compiled" / "spotify_elt" / "analyses"
    return (folder / f"{name}.sql").read_text()


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


def test_a_day_of_five_streams_is_an_obsession_whatever_the_other_days_held(
    dbt_project_copy: Path, to_change: duckdb.DuckDBPyConnection
) -> None:
    """Five on a Monday and two on a Tuesday; of four on each of two days, nothing is told."""
    to_change.execute("update marts.fct_plays set is_counted = false")
    for track, days in {"five": (5, 2), "four": (4, 4)}.items():
        for day, streams in enumerate(days):
            to_change.execute(
                "insert into marts.fct_plays by name"
                " select * exclude (number) replace ($1 as track_key, true as is_counted,"
                " date '2024-01-01' + $2::integer as listening_date)"
                " from (from marts.fct_plays limit 1) cross join range($3) as streams (number)",
                [track, day, streams],
            )

    rows = _run(to_change, _compiled(dbt_project_copy, "obsessions"))
    assert [(row["track_key"], row["stream_count"], row["day_count"]) for row in rows] == [
        ("five", 7, 2)
    ]


def test_podcasts_were_finished_even_where_the_web_api_was_not_asked(
    dbt_project_copy: Path, to_change: duckdb.DuckDBPyConnection
) -> None:
    to_change.execute("update marts.dim_episodes set duration_ms = null")
    [(ended, others)] = to_change.execute(
        "select count(*) filter (is_ended), count(*) filter (not is_ended) from ("
        " select coalesce(bool_or(reason_end = 'trackdone'), false) as is_ended"
        " from marts.fct_plays"
        " where episode_id is not null and exclusion_reason is distinct from 'retry'"
        " group by listener, episode_id)"
    ).fetchall()

    rows = _run(to_change, _compiled(dbt_project_copy, "podcasts_finished"))
    assert Counter(row["is_finished"] for row in rows) == {True: ended, False: others}
    assert ended > 0
