"""BigQuery: every mart is DuckDB's, row for row, and one writes at a time.

Emulated, unless BIGQUERY_TEST_PROJECT names a project of Google's own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("google.cloud.bigquery", reason="`make test-warehouses` installs it")

from google.api_core.exceptions import BadRequest
from google.cloud.bigquery import Client
from rich.console import Console

from ingestion.build_inputs import read_inputs
from ingestion.cost_notes import ensure_cost_notes
from ingestion.costs import show_costs, show_dry_run
from ingestion.errors import WarehouseError
from ingestion.findings import keep_findings
from ingestion.parquet import write_parquet
from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import PROJECT_ROOT, Settings, load_settings
from ingestion.warehouse import bigquery_lock, engine_of, open_warehouse
from ingestion.warehouse.bigquery_sql import PARTITIONED
from simulator import World
from tests.warehouses.bigquery_emulator import (
    BigQuery,
    emulator_python,
    own_project,
    run_emulator,
)
from tests.warehouses.parity import (
    KEPT_OF_A_BROKEN_PROMISE,
    Side,
    check_forgetting,
    check_parity,
    side_of,
    what_is_kept_of_a_broken_promise,
    with_one_size_of_whole_numbers,
)

pytestmark = pytest.mark.usefixtures("moved_abroad")


#: Before the names of all datasets of this run, so that another may go on beside it.
THIS_RUN = f"test{uuid.uuid4().hex[:8]}_"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQuery]:
    with own_project(THIS_RUN) as of_google:
        if of_google:
            yield of_google
            return
    if emulator_python() is None:
        pytest.skip("no emulator is installed: `make test-warehouses` installs it")
    with run_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def sides(
    world: World,
    service: BigQuery,
    parsed_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Side, Side]]:
    """DuckDB and BigQuery."""
    near, far = tmp_path_factory.mktemp("duckdb"), tmp_path_factory.mktemp("bigquery")
    there = {
        "schema_prefix": f"{THIS_RUN}several_",
        "bigquery_labels": {"team": "music", "app": "somebodys"},
        "bigquery_require_partition_filter": True,
        **service.settings,
    }
    with (
        side_of(world, near, parsed_project, "duckdb") as duckdb,
        side_of(world, far, parsed_project, "bigquery", **there) as bigquery,
    ):
        yield duckdb, bigquery


def test_every_mart_is_duckdbs_row_for_row_now_and_after_an_increment(
    sides: tuple[Side, Side], world: World, tmp_path: Path
) -> None:
    check_parity(sides, world, tmp_path, with_one_size_of_whole_numbers)


def test_marts_are_read_in_batches_of_arrow(sides: tuple[Side, Side], tmp_path: Path) -> None:
    _, bigquery = sides
    written = dict(write_parquet(bigquery.settings, tmp_path / "marts"))
    assert written == {name: len(mart.rows) for name, mart in bigquery.marts().items()}
    assert written["fct_plays"] > 1_000


def test_costs_are_told_by_table_by_model_and_by_day(
    sides: tuple[Side, Side], service: BigQuery
) -> None:
    _, bigquery = sides
    today = datetime.now(UTC).date()

    with open_warehouse(bigquery.settings, read_only=True) as warehouse:
        stored = {f"{one.schema}.{one.table}": one.byte_count for one in warehouse.storage()}
        billed = {one.purpose: one for one in warehouse.billed(today - timedelta(days=1))}
        noted = warehouse.query(
            "select schema_name, item_name from marts.mon_warehouse_costs where byte_count > 0"
        )

    assert stored["marts.fct_plays"] > 0
    assert "staging.stg_spotify_api__tracks" not in stored, "a view holds nothing"
    assert {"fct_plays", "agg_daily_listening", "data tests", "dbt itself", "spotify-elt"} <= set(
        billed
    )
    if service.is_emulated:
        assert {one.byte_count / one.query_count for one in billed.values()} == {10 * 2**20}
    assert ("spotify_export", "streaming_history") in noted, "it lay there before the build"

    words, is_within = costs_of(bigquery.settings)
    assert is_within
    assert f"of 10.0 GiB in the project {service.project} in {service.location}" in words
    assert "of 1.0 TiB billed in" in words
    assert "marts.fct_plays" in words
    words, is_within = costs_of(bigquery.settings.model_copy(update={"queries_limit_gib": 0.001}))
    assert not is_within


LABELLED = """
select distinct app.value as app
from `{project}`.`region-{region}`.INFORMATION_SCHEMA.JOBS_BY_PROJECT, unnest(labels) as app,
    unnest(labels) as team
where app.key = 'app' and team.key = 'team' and team.value = 'music'
"""


def test_jobs_of_ours_and_of_dbt_bear_the_labels_that_are_set(
    sides: tuple[Side, Side], service: BigQuery
) -> None:
    _, bigquery = sides
    labelled = LABELLED.format(project=service.project, region=service.location.lower())
    with service.client() as client:
        found = {row.app for row in client.query(labelled).result()}
    assert bigquery.settings.bigquery_labels["team"] == "music"
    assert found == {"dbt", "spotify-elt"}, "dbt's own words and ours win"


def test_who_asks_a_mart_with_partitions_has_to_say_for_which_days_and_ours_do(
    sides: tuple[Side, Side], service: BigQuery
) -> None:
    _, bigquery = sides
    query = f"select count(*) from {THIS_RUN}several_marts.{{mart}} {{days}}"
    with service.client() as client, open_warehouse(bigquery.settings, read_only=True) as ours:
        for mart, day in PARTITIONED.items():
            with pytest.raises(BadRequest, match="without a filter over"):
                client.query(query.format(mart=mart, days="")).result()
            some = query.format(mart=mart, days=f"where {day} >= '2025-08-01'")
            [[of_some]] = client.query(some).result()
            [[of_all]] = ours.query(f"select count(*) from marts.{mart}")
            assert 0 < of_some < of_all
    plays = f"select play_key from {THIS_RUN}several_marts.fct_plays"
    node = SimpleNamespace(name="x", alias="x", test_metadata=None, compiled_code=plays)
    result = SimpleNamespace(status="fail", failures=1, node=node)
    with open_warehouse(bigquery.settings) as ours:  # after the build
        [finding] = keep_findings(bigquery.settings, ours, [result], are_all=True)
        assert ours.query(f"select count(*) > 0 from {finding.table}") == [(True,)]
        assert keep_findings(bigquery.settings, ours, [], are_all=True) == []


def test_an_increment_finds_the_records_of_its_months_in_partitions(
    sides: tuple[Side, Side], service: BigQuery
) -> None:
    prefix = sides[1].settings.schema_prefix
    with service.client() as client:
        for source in ("account", "api", "extended"):
            table = client.get_table(f"{prefix}intermediate.int_{source}_records")
            partitioning = table.time_partitioning
            assert (partitioning.type_, partitioning.field) == ("MONTH", "ended_month")


def costs_of(settings: Settings) -> tuple[str, bool]:
    console = Console(file=StringIO(), width=140)
    is_within = show_costs(console, settings, datetime.now(UTC))
    return console.file.getvalue(), is_within  # type: ignore[attr-defined]


def test_a_dry_run_tells_what_the_next_build_would_be_billed_for(
    sides: tuple[Side, Side], service: BigQuery
) -> None:
    _, bigquery = sides
    assert dry_run_of(bigquery) == (
        "Build    nothing: no raw table has changed since the last build\n"
    )

    with open_warehouse(bigquery.settings) as warehouse:
        before = warehouse.states("spotify_export")
        warehouse.query("delete from spotify_export.search_queries where true")
        warehouse.query("update spotify_export.listeners set time_zone = 'UTC' where true")
        changed = warehouse.states("spotify_export").items() - before.items()
    assert "listeners" in dict(changed), "the number of rows is what it was"

    words = dry_run_of(bigquery)
    assert re.search(r"Build    [\d.]+ [MG]iB, [\d.]+% of 1.0 TiB, for \d+ tables", words)
    if service.is_emulated:
        assert "bridge_artist_genres" in words, "of equals, the first by name"
    assert "10.0 MiB" in words, "the least that is billed for a query"
    assert dry_run_of(bigquery) == words, "nothing was built"


def dry_run_of(side: Side) -> str:
    console = Console(file=StringIO(), width=140)
    with pytest.MonkeyPatch.context() as environment, chdir(side.folder):
        environment.setenv("DBT_TARGET_PATH", str(side.target))
        show_dry_run(console, side.settings)
    told: str = console.file.getvalue()  # type: ignore[attr-defined]
    return told


def test_a_listener_who_is_forgotten_leaves_no_raw_row(sides: tuple[Side, Side]) -> None:
    check_forgetting(sides[1])


def test_what_is_not_there_cannot_be_told_and_makes_nothing(
    settings: Settings, service: BigQuery
) -> None:
    with open_warehouse(settings, read_only=True) as warehouse:
        nowhere = f"`{service.project}.nowhere_of_a_test.a`"
        assert warehouse.would_read(f"select x from {nowhere}") is None
        read = warehouse.would_read("select 1 as x")
        assert read == (10 * 2**20 if service.is_emulated else 0)
        assert warehouse.storage() == []
    assert not engine_of(settings).exists()


def test_a_reader_asks_once_what_there_is_and_a_writer_each_time(settings: Settings) -> None:
    with open_warehouse(settings) as writer:
        writer.query("create table staging.a (x varchar)")
        with open_warehouse(settings, read_only=True) as reader:
            assert reader.column_types("staging") == {"a": {"x": "VARCHAR"}}
            writer.query("create table staging.b (y double precision)")
            assert reader.column_types("staging").keys() == {"a"}
            assert writer.column_types("staging")["b"] == {"y": "DOUBLE"}
            assert reader.tables("staging") == {"a", "b"}


@pytest.fixture
def settings(service: BigQuery, tmp_path: Path) -> Settings:
    """Of datasets that nobody else has."""
    return load_settings(
        warehouse="bigquery",
        duckdb_path=tmp_path / "home.duckdb",
        schema_prefix=f"{THIS_RUN}{uuid.uuid4().hex[:8]}_",
        **service.settings,
    )


def test_raw_tables_are_partitioned_by_the_day_of_their_load(
    settings: Settings, service: BigQuery
) -> None:
    ensure_raw_tables(settings, ["me"])
    by = {"spotify_export.streaming_history": "loaded_at", "spotify_api.tracks": "observed_at"}
    with service.client() as client:
        for table, day in by.items():
            partitioning = client.get_table(f"{settings.schema_prefix}{table}").time_partitioning
            assert (partitioning.type_, partitioning.field) == ("DAY", day)


def test_a_second_writer_is_refused_and_a_reader_is_not(settings: Settings) -> None:
    with open_warehouse(settings):
        with (
            pytest.raises(WarehouseError, match="another run is writing"),
            open_warehouse(settings),
        ):
            pass
        with open_warehouse(settings, read_only=True) as warehouse:
            assert warehouse.query("select 1 + ?", [1]) == [(2,)]
    with open_warehouse(settings):
        pass


CLOUD = (
    *("bigquery_project", "bigquery_location"),
    *("bigquery_api_endpoint", "google_application_credentials"),
)

KILLED = """
import os
from datetime import timedelta
from ingestion.settings import load_settings
from ingestion.warehouse import bigquery_lock, open_warehouse

bigquery_lock._LASTS = timedelta(seconds=4)
with open_warehouse(load_settings()):
    os.kill(os.getpid(), 9)
"""


def test_the_lock_of_a_run_that_was_killed_ends_by_itself(settings: Settings) -> None:
    given = settings.model_dump(include={"warehouse", "duckdb_path", "schema_prefix", *CLOUD})
    environment = os.environ | {
        name.upper(): str(value) for name, value in given.items() if value is not None
    }
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert killed.returncode == -9
    with pytest.raises(WarehouseError, match="another run is writing"), open_warehouse(settings):
        pass
    time.sleep(4)
    with open_warehouse(settings):
        pass


def test_who_writes_for_long_keeps_the_lock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_lock, "_LASTS", timedelta(seconds=3))
    monkeypatch.setattr(bigquery_lock, "_RENEWED_AFTER_SECONDS", 0.5)
    with open_warehouse(settings) as warehouse:
        time.sleep(5)
        assert warehouse.query("select 1") == [(1,)]
        with (
            pytest.raises(WarehouseError, match="another run is writing"),
            open_warehouse(settings),
        ):
            pass


def test_who_could_not_renew_the_lock_writes_no_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_lock, "_LASTS", timedelta(seconds=2))
    with open_warehouse(settings) as warehouse:
        time.sleep(2)
        with pytest.raises(WarehouseError, match="lost its place"):
            warehouse.query("select 1")


def test_whether_anything_is_new_is_asked_without_a_query(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_warehouse(settings) as warehouse:
        ensure_cost_notes(settings, warehouse)
        warehouse.query("create table staging.fct_plays (x varchar)")
    asked: list[str] = []
    monkeypatch.setattr(Client, "query", lambda _, sql, *_others, **_named: asked.append(sql))

    with open_warehouse(settings) as warehouse:
        inputs = read_inputs(warehouse, PROJECT_ROOT / "dbt_project")

    assert asked == [], "each is billed for 10 MiB at least"
    assert inputs.now["operations.warehouse_costs"].startswith("0 rows, 20")


def test_a_transaction_happens_whole_or_not_at_all(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.query("create table staging.a (x varchar, y bigint)")
        with warehouse.transaction():
            warehouse.query("insert into staging.a (x, y) values (?, ?)", ["it's \\ ?", None])
    with pytest.raises(WarehouseError, match="nowhere"):
        replace_and_fail(settings)
    with open_warehouse(settings) as warehouse:
        assert warehouse.query("select x, y from staging.a") == [("it's \\ ?", None)]


def replace_and_fail(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse, warehouse.transaction():
        warehouse.query("delete from staging.a where true")
        warehouse.query("insert into staging.nowhere (x) values (?)", ["b"])


def test_a_broken_promise_is_kept_until_it_is_mended(settings: Settings) -> None:
    assert what_is_kept_of_a_broken_promise(settings) == KEPT_OF_A_BROKEN_PROMISE


def test_doctor_says_what_answers(settings: Settings, service: BigQuery) -> None:
    [check] = engine_of(settings).examine()
    assert check.state == "good"
    assert f"the project {service.project} in {service.location} answers" in check.told
