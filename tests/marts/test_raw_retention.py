"""RAW_RETENTION_DAYS takes from the raw tables what no mart is made of, and nothing else."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ingestion.retention import expire_raw
from ingestion.settings import PROJECT_ROOT, Settings, load_settings
from ingestion.spotify_api.catalogue import missing_ids, stale_ids
from ingestion.spotify_api.tables import CATALOGUE, RAW_TABLES, READ_NESTED
from ingestion.warehouse import open_warehouse
from simulator import Extended, imagine, write_export
from simulator.web_api import serve
from tests.marts.conftest import Home

SOURCES = "dbt_project/models/staging/spotify_api/_spotify_api__sources.yml"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with a private field and a bad row; a catalogue that was asked three times."""
    home = Home(tmp_path_factory.mktemp("loaded"))
    world = imagine(300, seed=5, artists=40)
    write_export(world, home.folder / "export", [Extended("extended_2026")])
    bad = {"ts": "2025-05-01T00:00:00Z", "ms_played": "many", "platform": "ios"}
    (home.folder / "export" / "more.json").write_text(json.dumps([bad]))
    now = world.plays[-1].ended_at
    with (
        pytest.MonkeyPatch.context() as environment,
        serve(world, now=now, contract="extended") as service,
    ):
        environment.setenv("KEEP_PRIVATE_FIELDS", "ip_addr")
        environment.setenv("REFRESH_CATALOGUE_AFTER_DAYS", "10")
        home.ingest(home.folder / "export")
        for days in (0, 20, 40):
            service.clock.now = now + timedelta(days=days)
            home.poll(service, until=service.clock.now + timedelta(hours=1))
    home.query(
        "update spotify_api.tracks set popularity = null where left(id, 1) < 'M' and observed_at ="
        " (select max(observed_at) from spotify_api.tracks as others where others.id = tracks.id)"
    )
    for table in ("streaming_history", "import_problems", "import_files"):
        home.query(f"update spotify_export.{table} set loaded_at = loaded_at - interval 9 days")
    return home.duckdb_path


@pytest.fixture
def home(home: Home, loaded: Path) -> Home:
    shutil.copy(loaded, home.duckdb_path)
    return home


def settings_of(home: Home, days: int | None = 30) -> Settings:
    return load_settings(duckdb_path=home.duckdb_path, raw_retention_days=days)


def counts(home: Home) -> dict[str, int]:
    """Rows by raw table."""
    tables = home.query(
        "select schema_name, table_name from duckdb_tables()"
        " where schema_name in ('spotify_api', 'spotify_export') and table_name not like '\\_dlt%'"
        " escape '\\'"
    )
    asked = [f"select '{name}', count(*) from {schema}.{name}" for schema, name in tables]
    return dict(home.query(" union all ".join(asked)))


def asked_next(home: Home) -> list[list[str]]:
    """What the collector would ask the catalogue for."""
    now = datetime.now(UTC)
    with open_warehouse(settings_of(home)) as warehouse:
        return [ask(warehouse, kind, now) for kind in CATALOGUE for ask in (missing_ids, stale_ids)]


def test_a_build_takes_what_is_old_and_unread_and_the_marts_are_the_same_built_anew(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.build(tested=False)
    marts, raw, asked = home.marts(), counts(home), asked_next(home)
    home.query("delete from operations.warehouse_costs")  # what is done once a day is due again
    monkeypatch.setenv("RAW_RETENTION_DAYS", "7")

    home.build(full_refresh=True, tested=False)

    assert home.marts() == marts
    assert asked_next(home) == asked
    left = counts(home)
    assert left["recently_played"] == raw["recently_played"] > 0
    assert left["streaming_history"] == raw["streaming_history"] > 0
    assert raw["tracks"] > 2 * left["albums"]
    [(most, least)] = home.query(
        "select max(n), min(n) from (select count(*) as n from spotify_api.tracks group by id)"
    )
    assert (most, least) == (2, 1), "of some the last answer has no popularity, so two are read"
    assert 0 < left["tracks__artists"] < raw["tracks__artists"]
    [(orphans,)] = home.query(
        "select count(*) from spotify_api.tracks__artists"
        " where _dlt_parent_id not in (select _dlt_id from spotify_api.tracks)"
    )
    assert orphans == 0
    unread = {table for table in raw if "__" in table} - READ_NESTED
    assert {table for table in unread if raw[table]} > {"albums__tracks__items__artists"}
    assert {table: left[table] for table in unread if left[table]} == {}
    assert home.query(
        "select count(ip_addr), count(ms_played) = count(*) from spotify_export.streaming_history"
    ) == [(0, True)]
    assert home.query("select count(*), count(raw) from spotify_export.import_problems") == [(1, 0)]


def test_what_is_not_old_enough_stays_and_so_does_all_where_nothing_is_set(home: Home) -> None:
    before = counts(home)
    private = home.query("select count(ip_addr) from spotify_export.streaming_history")
    assert private > [(0,)]
    with open_warehouse(settings_of(home)) as warehouse:
        states = warehouse.states("spotify_api")

    with open_warehouse(settings_of(home)) as warehouse:
        expire_raw(settings_of(home, days=None), warehouse, datetime.now(UTC) + timedelta(days=400))
        expire_raw(settings_of(home), warehouse, datetime(2000, 1, 1, tzinfo=UTC))

    assert counts(home) == before
    assert home.query("select count(ip_addr) from spotify_export.streaming_history") == private
    with open_warehouse(settings_of(home)) as warehouse:
        assert warehouse.states("spotify_api") == states


def test_nested_tables_that_are_read_are_those_that_dbt_reads() -> None:
    [source] = yaml.safe_load(Path(PROJECT_ROOT, SOURCES).read_text())["sources"]
    declared = {name for table in RAW_TABLES for name in table.tables}
    assert {table["name"] for table in source["tables"] if "__" in table["name"]} == READ_NESTED
    assert declared >= READ_NESTED
