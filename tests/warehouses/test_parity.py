"""One world into DuckDB and Postgres: every mart is DuckDB's, row for row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.publish.postgres import publish_to_postgres
from ingestion.transform import run_dbt
from ingestion.warehouse import open_warehouse
from simulator import World
from tests.warehouses.conftest import MakeDatabase
from tests.warehouses.parity import Side, check_forgetting, check_parity, side_of

pytestmark = pytest.mark.usefixtures("moved_abroad")


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
    check_parity(sides, world, tmp_path)

    duckdb, postgres = sides
    with open_warehouse(duckdb.settings, read_only=True) as warehouse:
        assert warehouse.query("from duckdb_indexes()") == []
    assert _indexes(postgres, "several_marts") == {
        ("fct_plays", "CREATE btree (listener, listening_date)"),
        ("agg_period_items", "CREATE btree (listener, period_type, period, item_type)"),
        ("agg_period_items", "CREATE btree (listener, item_key)"),
    }

    copy = {"publish_prefix": "web_", "publish_indexes": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.transform._parsed", lambda _: pytest.fail("builds keep it"))
        publish_to_postgres(postgres.settings.model_copy(update=copy))
    assert _indexes(postgres, "web_marts") == _indexes(postgres, "several_marts")


def _indexes(postgres: Side, schema: str) -> set[tuple[str, ...]]:
    """What of each table is indexed, and how: what the dashboard filters by."""
    with open_warehouse(postgres.settings, read_only=True) as warehouse:
        return set(
            warehouse.query(
                "select tablename, regexp_replace(indexdef, ' INDEX .* USING', '') from pg_indexes"
                " where schemaname = ?",
                [schema],
            )
        )


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


def test_a_listener_who_is_forgotten_leaves_no_raw_row(sides: tuple[Side, Side]) -> None:
    check_forgetting(sides[1])
