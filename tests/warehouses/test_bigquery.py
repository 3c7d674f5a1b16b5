"""BigQuery, emulated: every mart is DuckDB's, row for row, and one writes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.bigquery", reason="`make test-warehouses` installs it")

from simulator import World
from tests.marts.conftest import edited_seeds
from tests.warehouses.bigquery_emulator import PROJECT, Emulator, emulator_python, run_emulator
from tests.warehouses.parity import (
    MOVED_ABROAD,
    Marts,
    Side,
    build_first,
    build_increment,
    differences,
    imagined,
    side_of,
    write_exports,
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if emulator_python() is None:
        pytest.skip("no emulator is installed: `make test-warehouses` installs it")
    with run_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def world() -> World:
    return imagined()


@pytest.fixture(scope="module", autouse=True)
def moved_abroad(dbt_project_copy: Path) -> Iterator[None]:
    """The project that is built has a move abroad among its seeds."""
    with edited_seeds(dbt_project_copy) as seeds:
        (seeds / "listener_time_zones.csv").write_text(MOVED_ABROAD)
        yield


@pytest.fixture(scope="module")
def sides(
    world: World,
    emulator: Emulator,
    parsed_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Side, Side]]:
    """DuckDB and BigQuery."""
    near, far = tmp_path_factory.mktemp("duckdb"), tmp_path_factory.mktemp("bigquery")
    cloud = {
        "bigquery_project": PROJECT,
        "bigquery_api_endpoint": emulator.endpoint,
        "google_application_credentials": emulator.keys,
        "schema_prefix": "several_",
    }
    with (
        side_of(world, near, parsed_project, "duckdb") as duckdb,
        side_of(world, far, parsed_project, "bigquery", **cloud) as bigquery,
    ):
        yield duckdb, bigquery


def test_every_mart_is_duckdbs_row_for_row_now_and_after_an_increment(
    sides: tuple[Side, Side], world: World, tmp_path: Path
) -> None:
    write_exports(world, tmp_path)

    first = [build_first(side, world, tmp_path) for side in sides]
    duckdb, bigquery = first
    assert differences(bigquery, in_bigquerys_types(duckdb)) == {}

    duckdb, bigquery = [build_increment(side, world, tmp_path) for side in sides]
    assert differences(bigquery, in_bigquerys_types(duckdb)) == {}
    assert differences(bigquery, first[1]).keys() > {"fct_plays", "bridge_play_records"}
    empty = {mart for mart, held in duckdb.items() if not held.rows}
    assert empty <= {"mon_collection_gaps"}, "what is empty on both sides shows nothing"


def in_bigquerys_types(marts: Marts) -> Marts:
    """BigQuery has whole numbers of one size."""
    return {
        name: replace(
            mart,
            types={
                column: "BIGINT" if kind == "INTEGER" else kind
                for column, kind in mart.types.items()
            },
        )
        for name, mart in marts.items()
    }
