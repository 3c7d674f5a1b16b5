"""One world into DuckDB and Postgres: every mart is DuckDB's, row for row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.transform import run_dbt
from simulator import World
from tests.marts.conftest import edited_seeds
from tests.warehouses.conftest import MakeDatabase
from tests.warehouses.parity import (
    MOVED_ABROAD,
    Side,
    build_first,
    build_increment,
    differences,
    imagined,
    side_of,
    write_exports,
)


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
    make_database: MakeDatabase,
    parsed_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Side, Side]]:
    """DuckDB and Postgres."""
    near, far = tmp_path_factory.mktemp("duckdb"), tmp_path_factory.mktemp("postgres")
    server = {"postgres_url": make_database(), "schema_prefix": "several_"}
    with (
        side_of(world, near, parsed_project, "duckdb") as duckdb,
        side_of(world, far, parsed_project, "postgres", **server) as postgres,
    ):
        yield duckdb, postgres


def test_every_mart_is_duckdbs_row_for_row_now_and_after_an_increment(
    sides: tuple[Side, Side], world: World, tmp_path: Path
) -> None:
    write_exports(world, tmp_path)

    first = [build_first(side, world, tmp_path) for side in sides]
    duckdb, postgres = first
    assert differences(postgres, duckdb) == {}

    duckdb, postgres = [build_increment(side, world, tmp_path) for side in sides]
    assert differences(postgres, duckdb) == {}
    assert differences(postgres, first[1]).keys() > {"fct_plays", "bridge_play_records"}
    empty = {mart for mart, held in duckdb.items() if not held.rows}
    assert empty <= {"mon_collection_gaps"}, "what is empty on both sides shows nothing"


def test_macros_give_the_same_on_postgres(sides: tuple[Side, Side]) -> None:
    _, postgres = sides
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBT_TARGET_PATH", str(postgres.target))
        assert run_dbt(postgres.settings, ["--quiet", "test", "--select", "tag:macro"])

    manifest, results = (
        json.loads((postgres.target / f"{name}.json").read_text())
        for name in ("manifest", "run_results")
    )
    assert manifest["metadata"]["adapter_type"] == "postgres"
    statuses = {result["unique_id"]: result["status"] for result in results["results"]}
    assert len(statuses) > 10
    assert set(statuses.values()) <= {"pass", "success"}, statuses
