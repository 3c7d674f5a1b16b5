"""Incremental equals full refresh, in whatever order and batches the exports arrive."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.transform import BuildReport
from simulator import Account, Extended, imagine, write_export
from tests.marts.conftest import WORLDS, Home, Marts


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five exports of one life, of all eras, that overlap."""
    folder = tmp_path_factory.mktemp("exports")
    world = imagine(3_000, seed=23)
    end = world.plays[-1].ended_at.date() + timedelta(days=1)

    def day(share: float):
        return world.plays[int(share * (len(world.plays) - 1))].ended_at.date()

    parts = [
        Extended("endsong", day(0.3)),
        Extended("extended_2023", day(0.6)),
        Extended("extended_2026", day(0.9)),
        Account(day(0.8)),
        Account(end),
    ]
    paths = [folder / f"my_spotify_data_{number}.zip" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        write_export(world, path, [part])
    return paths


@dataclass(frozen=True)
class AtOnce:
    """All exports, loaded together into an empty warehouse and built."""

    warehouse: Path
    built: BuildReport
    marts: Marts


@pytest.fixture(scope="module")
def at_once(exports: list[Path], tmp_path_factory: pytest.TempPathFactory) -> AtOnce:
    home = Home(tmp_path_factory.mktemp("at_once"))
    home.ingest(*exports)
    built = home.build()
    return AtOnce(home.duckdb_path, built, home.marts())


@pytest.fixture
def filled(at_once: AtOnce, home: Home) -> Home:
    """A home of the test's own that holds all exports."""
    shutil.copy(at_once.warehouse, home.duckdb_path)
    return home


@pytest.mark.parametrize("seed", WORLDS)
def test_the_order_and_batching_of_loads_leaves_no_trace(
    exports: list[Path], at_once: AtOnce, home: Home, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    shuffled = dice.sample(exports, len(exports))
    cut = dice.randrange(1, len(shuffled))
    for batch in (shuffled[:cut], shuffled[cut:-1] or shuffled[:1]):
        home.ingest(*batch)
        home.build(tested=False)
    home.ingest(*shuffled[-1:])
    home.build()

    held, expected = home.marts(), at_once.marts
    # of two files with the same content, mon_imports says which was seen first
    assert held.keys() == expected.keys()
    assert [mart for mart in held if held[mart] != expected[mart]] in ([], ["mon_imports"])

    home.build(full_refresh=True)
    assert home.marts() == held


def test_a_build_tells_how_many_tables_and_views_it_made(at_once: AtOnce, filled: Home) -> None:
    [(made,)] = filled.query(
        "select count(*) from information_schema.tables"
        " where table_schema in ('staging', 'intermediate', 'marts')"
        " and table_name != 'build_inputs'"
    )
    assert at_once.built.models == made


def test_a_second_build_changes_nothing_and_leaves_views_and_seeds_alone(
    at_once: AtOnce, filled: Home, dbt_project_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WAREHOUSE", "SCHEMA_PREFIX", "DUCKDB_PATH"):
        monkeypatch.delenv(name, raising=False)
    environment = dict(os.environ)
    second = filled.build(only_new=False)
    assert dict(os.environ) == environment, "the next warehouse of this process is another"
    assert filled.marts() == at_once.marts
    views_and_seeds = 50
    assert second.models <= at_once.built.models - views_and_seeds
    tests_of_seeds = 8
    assert second.tests == at_once.built.tests - tests_of_seeds

    view = dbt_project_copy / "models" / "intermediate" / "int_account_plays.sql"
    before = view.read_text()
    try:
        view.write_text(before + "-- edited\n")
        assert filled.build().models == at_once.built.models, "another project"
    finally:
        view.write_text(before)


def test_a_corrected_time_zone_reaches_every_play(exports: list[Path], filled: Home) -> None:
    filled.time_zone = "Asia/Kathmandu"
    filled.ingest(exports[2])
    filled.build()

    [(zones, shifts)] = filled.query(
        "select list(distinct time_zone),"
        " list(distinct date_diff('minute', ended_at, ended_at_local)) from marts.fct_plays"
    )
    assert (zones, shifts) == (["Asia/Kathmandu"], [5 * 60 + 45])


def test_one_listeners_import_leaves_the_others_alone(
    exports: list[Path], at_once: AtOnce, filled: Home
) -> None:
    filled.ingest(*exports, listener="ben")
    filled.build()

    [(mine,)] = filled.query("select count(*) from marts.fct_plays where listener = 'me'")
    assert mine == len(at_once.marts["fct_plays"])
    assert filled.query("select count(*) from marts.fct_plays where listener = 'ben'") == [(mine,)]
