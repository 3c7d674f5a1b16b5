"""One small listener's warehouse, made once: an export and a look at all that the Web API tells."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import chdir
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from ingestion.cost_notes import note_costs
from ingestion.settings import load_settings
from ingestion.transform import run_dbt
from ingestion.warehouse import open_warehouse
from simulator import Extended, World, imagine, write_export
from simulator.web_api import serve
from tests.conftest import making
from tests.marts.conftest import Home


@pytest.fixture(scope="session")
def world() -> World:
    """Fifteen months, over a turn of the year."""
    return imagine(1_500, seed=5, start=date(2024, 11, 1), end=date(2026, 1, 20), artists=30)


@pytest.fixture(scope="session")
def warehouse(
    world: World,
    dbt_project_copy: Path,  # noqa: ARG001, where it is built from
    shared_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Home:
    """The warehouse, built; nobody writes to it. Each worker has a copy: one may read at a time."""
    made = Home(shared_folder / "dashboard")
    with making(made.folder) as is_to_be_made:
        if is_to_be_made:
            _fill(made, world)
    home = Home(tmp_path_factory.mktemp("home"))
    shutil.copy(made.duckdb_path, home.duckdb_path)
    return home


def _fill(home: Home, world: World) -> None:
    export = home.folder / "export.zip"
    write_export(world, export, [Extended("extended_2026", date(2026, 1, 18))])
    home.ingest(export)
    now = world.plays[-1].ended_at + timedelta(hours=1)
    with serve(world, now=now, contract="extended") as service:
        home.poll(service, until=now, max_calls=10_000, playlist_limit=None)
    # the marts' own tests are run elsewhere, and take longer than all that is done here
    with chdir(home.folder):
        settings = load_settings(duckdb_path=home.duckdb_path)
        with open_warehouse(settings) as warehouse:
            note_costs(settings, warehouse, datetime.now(UTC))
        untested = ["--exclude-resource-type", "test", "unit_test"]
        assert run_dbt(settings, ["--quiet", "build", *untested])


@pytest.fixture(autouse=True, scope="session")
def packages_read_once() -> Iterator[None]:
    """Streamlit reads what each installed package says of itself whenever it runs a page."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan))
        yield


@pytest.fixture(autouse=True)
def look_there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard's settings lead to the warehouse, in tests that use it."""
    if "warehouse" in request.fixturenames:
        home = request.getfixturevalue("warehouse")
        monkeypatch.setenv("DUCKDB_PATH", str(home.duckdb_path))
