"""One small listener's warehouse, made once: an export and a look at all that the Web API tells."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ingestion.settings import load_settings
from ingestion.transform import run_dbt
from simulator import Extended, World, imagine, write_export
from simulator.web_api import serve
from tests.marts.conftest import Home, dbt_project_copy

__all__ = ["dbt_project_copy"]  # a fixture of every session: the project that is built


@pytest.fixture(scope="session")
def world() -> World:
    """Fifteen months, over a turn of the year."""
    return imagine(1_500, seed=5, start=date(2024, 11, 1), end=date(2026, 1, 20), artists=30)


@pytest.fixture(scope="session")
def warehouse(world: World, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The warehouse, built; nobody writes to it."""
    home = Home(tmp_path_factory.mktemp("home"))
    export = home.folder / "export.zip"
    write_export(world, export, [Extended("extended_2026", date(2026, 1, 18))])
    home.ingest(export)
    now = world.plays[-1].ended_at + timedelta(hours=1)
    with serve(world, now=now, contract="extended") as service:
        home.poll(service, until=now, max_calls=10_000)
    # the marts' own tests are run elsewhere, and take longer than all that is done here
    settings = load_settings(duckdb_path=home.duckdb_path)
    assert run_dbt(settings, ["build", "--quiet", "--exclude-resource-type", "test", "unit_test"])
    return home


@pytest.fixture(autouse=True)
def look_there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard's settings lead to the warehouse, in tests that use it."""
    if "warehouse" in request.fixturenames:
        home = request.getfixturevalue("warehouse")
        monkeypatch.setenv("DUCKDB_PATH", str(home.duckdb_path))
