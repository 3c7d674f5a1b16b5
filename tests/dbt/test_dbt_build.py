"""`dbt build` with every test there is: those of the data, of the counting rules, of the macros."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import PROJECT_ROOT, load_settings
from ingestion.spotify_export.importing import import_exports
from simulator import Account, Extended, imagine, write_export

#: Half-hour summer time, a jump over the date line, two hours at once, quarter hours, summer time
#: that pauses for Ramadan, clocks that change at midnight, summer time given up.
ODD_ZONES = (
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "America/Havana",
    "America/Sao_Paulo",
)

PASSED = ("success", "pass")


@pytest.fixture(scope="module")
def project(parsed_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the dbt project beside a warehouse with a small history of every kind."""
    folder = tmp_path_factory.mktemp("build")
    world = imagine(1_500, seed=4)
    end = world.plays[-1].ended_at.date() + timedelta(days=1)
    half = world.plays[len(world.plays) // 2].ended_at.date()
    export = folder / "my_spotify_data.zip"
    write_export(
        world, export, [Extended("endsong", half), Extended("extended_2026", half), Account(end)]
    )
    settings = load_settings(
        export=[export],
        listener="me",
        listener_timezone="Europe/Oslo",
        duckdb_path=folder / "home.duckdb",
    )
    import_exports(settings)
    ensure_raw_tables(settings)
    copy = folder / "dbt_project"
    shutil.copytree(parsed_project, copy)
    with pytest.MonkeyPatch.context() as environment, chdir(folder):
        environment.setenv("DUCKDB_PATH", "home.duckdb")
        yield copy


@pytest.fixture(scope="module")
def first_build(project: Path) -> dict[str, str]:
    return dbt(project, "build", "--exclude-resource-types", "unit_test")


def dbt(project: Path, *arguments: str) -> dict[str, str]:
    """Run dbt and return each node's status, by name."""
    where = ["--project-dir", str(project), "--profiles-dir", str(PROJECT_ROOT / "profiles")]
    outcome = dbtRunner().invoke(["--quiet", *arguments, *where])
    DuckDBConnectionManager.close_all_connections()  # else the next file of that name is this one
    assert outcome.exception is None, outcome.exception
    return {
        result.node.name: str(result.status)
        for result in outcome.result.results
        if result.node.resource_type != "exposure"  # there is nothing to build
    }


def test_every_test_passes_in_a_first_build_and_in_the_next(
    project: Path, first_build: dict[str, str]
) -> None:
    second = dbt(project, "build")

    assert {"fct_plays", "hash_key_is_stable"} <= first_build.keys()
    assert {"fct_plays", "hash_key_is_stable", "retry_burst_counts_once"} <= second.keys()
    assert [(n, s) for n, s in [*first_build.items(), *second.items()] if s not in PASSED] == []


@pytest.mark.usefixtures("first_build")
def test_every_column_is_described_in_the_order_of_its_table(project: Path) -> None:
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    described = {
        node["name"]: list(node["columns"])
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    with duckdb.connect(os.environ["DUCKDB_PATH"]) as connection:
        built = dict(
            connection.execute(
                "select table_name, list(column_name order by ordinal_position)"
                " from information_schema.columns"
                " where table_schema in ('staging', 'intermediate', 'marts') group by all"
            ).fetchall()
        )

    assert described == built


@pytest.mark.usefixtures("first_build")
def test_a_table_takes_the_place_of_a_view_and_the_other_way_round(project: Path) -> None:
    """What happens when a version says `table` of what the last one called a view."""
    with duckdb.connect(os.environ["DUCKDB_PATH"]) as connection:
        connection.execute("drop table marts.dim_shows")
        connection.execute("create view marts.dim_shows as select 1 as other_columns")
        connection.execute("drop view staging.stg_spotify_api__users")
        connection.execute("create table staging.stg_spotify_api__users as select 1 as another")

    statuses = dbt(project, "run", "--select", "dim_shows", "stg_spotify_api__users")

    assert statuses["dim_shows"] == statuses["stg_spotify_api__users"] == "success"
    with duckdb.connect(os.environ["DUCKDB_PATH"]) as connection:
        types = connection.execute(
            "select table_name, table_type from information_schema.tables"
            " where table_name in ('dim_shows', 'stg_spotify_api__users') order by all"
        ).fetchall()
    assert types == [("dim_shows", "BASE TABLE"), ("stg_spotify_api__users", "VIEW")]


@pytest.mark.usefixtures("first_build")
def test_a_copy_of_another_name_is_whole(tmp_path: Path) -> None:
    copy = shutil.copy(os.environ["DUCKDB_PATH"], tmp_path / "backup.duckdb")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{copy}' as somewhere_else (read_only)")
        views = connection.execute(
            "select schema_name, view_name from duckdb_views()"
            " where database_name = 'somewhere_else' and not internal"
        ).fetchall()
        assert ("staging", "stg_spotify_api__users") in views
        for schema, view in views:
            connection.execute(f"select * from somewhere_else.{schema}.{view} limit 1")


def test_clocks_are_right_in_every_zone_of_the_world(project: Path) -> None:
    moves = "".join(f"me,{zone},{2010 + i}-01-01 00:00:00\n" for i, zone in enumerate(ODD_ZONES))
    (project / "seeds" / "listener_time_zones.csv").write_text(
        "listener,time_zone,valid_from\n" + moves
    )

    statuses = dbt(
        project,
        *("build", "--vars", "{use_country_time_zones: true}"),
        *("--select", "+int_utc_offsets", "offsets_by_day_agree_with_the_clocks"),
        *("--exclude-resource-types", "unit_test"),
    )

    assert statuses["offsets_by_day_agree_with_the_clocks"] == "pass"
