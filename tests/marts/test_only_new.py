"""A run builds what descends from what was loaded, and leaves the rest as it stands."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.build_inputs import read_inputs
from ingestion.errors import BuildError
from ingestion.settings import load_settings
from ingestion.transform import run_dbt
from ingestion.warehouse import open_warehouse
from simulator import Extended, World, imagine, write_export
from simulator.web_api import serve
from tests.marts.conftest import Home


@pytest.fixture(scope="module")
def world() -> World:
    return imagine(1_500, seed=12)


@pytest.fixture(scope="module")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that holds an export without its last day, polled at its end and built."""
    home = Home(tmp_path_factory.mktemp("built"))
    write_export(world, home.folder / "export.zip", [Extended("extended_2026")])
    home.ingest(home.folder / "export.zip")
    home.build(tested=False)
    return home.duckdb_path


@pytest.fixture
def home(home: Home, built: Path) -> Home:
    shutil.copy(built, home.duckdb_path)
    return home


def test_nothing_new_builds_nothing(home: Home) -> None:
    before = home.marts(leaving_out=())

    report = home.build()

    assert (report.models, report.tests, report.is_whole) == (0, 0, False)
    assert home.marts(leaving_out=()) == before


def test_a_poll_that_found_nothing_reaches_what_tells_of_polls_alone(
    home: Home, world: World
) -> None:
    end = world.plays[-1].ended_at
    with serve(world, now=end + timedelta(hours=1), contract="extended") as service:
        home.poll(service, until=end + timedelta(hours=2), max_calls=2)
        whole = home.build()
        home.poll(service, until=end + timedelta(hours=30), max_calls=1)

    runs = home.query("select count(*) from marts.mon_collection_runs")
    quick = home.build()

    assert 0 < quick.models <= 3 < whole.models
    assert 0 < quick.tests < whole.tests
    assert home.query("select count(*) from marts.mon_collection_runs") > runs
    held = home.marts()
    home.build(full_refresh=True)
    assert home.marts() == held


def test_what_somebody_dropped_is_made_again(home: Home) -> None:
    before = home.marts()
    home.query("drop table marts.fct_streaks")

    assert not home.build().is_anew

    assert home.marts() == before


def test_a_table_without_a_column_is_computed_anew(home: Home) -> None:
    before = home.marts()
    home.query("alter table intermediate.int_extended_records drop column is_retry")

    assert home.build(only_new=False).is_anew

    assert home.marts() == before


def test_a_test_that_failed_is_run_again_though_nothing_is_new(
    home: Home, dbt_project_copy: Path
) -> None:
    test = dbt_project_copy / "tests" / "no_music_on_mondays.sql"
    try:
        test.write_text("select * from {{ ref('fct_plays') }} where dow = 1")
        for _ in range(2):
            with pytest.raises(BuildError, match="no_music_on_mondays failed"):
                home.build()

        test.write_text("{{ config(severity='warn') }}" + test.read_text())
        odd = [finding.table for finding in home.build().oddities]
        assert odd == ["findings.no_music_on_mondays"]
        again = home.build()
        assert again.models == 0
        assert [finding.table for finding in again.oddities] == odd, "it is as odd as before"
    finally:
        test.unlink()
    assert home.build().oddities == ()


def test_every_source_of_the_models_is_watched(home: Home, dbt_project_copy: Path) -> None:
    settings = load_settings(duckdb_path=home.duckdb_path)
    assert run_dbt(settings, ["--quiet", "parse"])
    manifest = json.loads((dbt_project_copy / "target" / "manifest.json").read_text())
    sources = {f"{s['source_name']}.{s['name']}" for s in manifest["sources"].values()}

    with open_warehouse(settings) as warehouse:
        watched = read_inputs(warehouse, dbt_project_copy).now

    assert sources
    assert {source for source in sources if source.split("__")[0] not in watched} == set()


def test_no_model_depends_on_the_time_of_its_build(dbt_project_copy: Path) -> None:
    a_clock = re.compile(r"current_timestamp|current_date|run_started_at|now\(\)|random\(\)")
    files = [
        *(dbt_project_copy / "models").rglob("*.sql"),
        *(dbt_project_copy / "macros").rglob("*.sql"),
    ]
    assert len(files) > 100
    assert [path.name for path in files if a_clock.search(path.read_text())] == []
