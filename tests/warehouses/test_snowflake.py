"""Snowflake, emulated: every mart is DuckDB's, row for row, and one writes at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import chdir
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from itertools import compress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("snowflake.connector", reason="`make test-warehouses` installs it")

from rich.console import Console

from dashboard.data import load_query
from ingestion.costs import show_costs
from ingestion.errors import WarehouseError
from ingestion.parquet import write_parquet
from ingestion.settings import Settings, load_settings
from ingestion.transform import run_dbt
from ingestion.warehouse import engine_of, open_warehouse, snowflake_lock
from simulator import World
from tests.dashboard.test_queries import NAMES, PARAMETERS
from tests.warehouses.parity import (
    KEPT_OF_A_BROKEN_PROMISE,
    LINEAGE,
    OF_THE_WAREHOUSE,
    Mart,
    Side,
    check_forgetting,
    check_parity,
    differences,
    side_of,
    what_is_kept_of_a_broken_promise,
    with_one_size_of_whole_numbers,
)
from tests.warehouses.snowflake_emulator import (
    PASSPHRASE,
    Emulator,
    emulator_python,
    run_emulator,
)
from tests.warehouses.snowflakesql import what_snowflake_refuses

pytestmark = pytest.mark.usefixtures("moved_abroad")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if emulator_python() is None:
        pytest.skip("no emulator is installed: `make test-warehouses` installs it")
    with run_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def sides(
    world: World,
    emulator: Emulator,
    parsed_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Side, Side]]:
    """DuckDB and Snowflake."""
    near, far = tmp_path_factory.mktemp("duckdb"), tmp_path_factory.mktemp("snowflake")
    there = {"schema_prefix": "several_", **emulator.settings}
    with (
        side_of(world, near, parsed_project, "duckdb") as duckdb,
        side_of(world, far, parsed_project, "snowflake", **there) as snowflake,
    ):
        yield duckdb, snowflake


def test_every_mart_is_duckdbs_row_for_row_now_and_after_an_increment(
    sides: tuple[Side, Side], world: World, tmp_path: Path
) -> None:
    check_parity(sides, world, tmp_path, with_one_size_of_whole_numbers)


def test_macros_give_what_their_tests_expect(sides: tuple[Side, Side]) -> None:
    _, snowflake = sides
    with pytest.MonkeyPatch.context() as environment, chdir(snowflake.folder):
        environment.setenv("DBT_TARGET_PATH", str(snowflake.target))
        assert run_dbt(snowflake.settings, ["--quiet", "test", "--select", "tag:macro"])


def test_models_say_nothing_that_snowflake_refuses_and_the_emulator_takes(
    sides: tuple[Side, Side],
) -> None:
    _, snowflake = sides
    files = list((snowflake.target / "compiled").rglob("*.sql"))
    refused = {file.stem: what_snowflake_refuses(file.read_text()) for file in files}
    assert {name: words for name, words in refused.items() if words} == {}
    assert {"fct_plays", "integrity_fct_plays"} <= refused.keys()
    assert len(refused) > 200


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("select listener, rows from a", {"rows"}),
        ('select listener, "ROWS" from a', set()),
        (
            "select lag(a.x) over w from a inner join b on a.x = b.x window w as (order by a.x)",
            {"a window with a name"},
        ),
        ("select starts_with(x, 'a') from a", {"starts_with"}),
        ("select count(*) filter (where x) from a", {"filter"}),
    ],
)
def test_what_snowflake_refuses_is_told(sql: str, refused: set[str]) -> None:
    assert what_snowflake_refuses(sql) == refused


@pytest.mark.parametrize("name", NAMES)
def test_what_the_dashboard_asks_is_answered_as_by_duckdb(
    name: str, sides: tuple[Side, Side]
) -> None:
    query = load_query(name)
    known = PARAMETERS | {"item_key": "an item", "playlist_key": "a playlist"}
    answers = []
    for side in sides:
        with open_warehouse(side.settings, read_only=True) as warehouse:
            rows = warehouse.query(query.sql, [known[parameter] for parameter in query.parameters])
        compared = [column not in LINEAGE for column in query.columns]
        answers.append({name: Mart({}, [tuple(compress(row, compared)) for row in rows])})
    if OF_THE_WAREHOUSE not in query.sql:
        assert differences(*answers) == {}


def test_marts_are_read_in_batches_of_arrow(sides: tuple[Side, Side], tmp_path: Path) -> None:
    _, snowflake = sides
    written = dict(write_parquet(snowflake.settings, tmp_path / "marts"))
    assert written["fct_plays"] > 1_000
    with open_warehouse(snowflake.settings, read_only=True) as warehouse:
        counted = {
            mart: warehouse.query(f"select count(*) from marts.{mart}")[0][0]
            for mart in warehouse.tables("marts")
        }
    assert written == counted


def test_costs_are_told_by_table(sides: tuple[Side, Side]) -> None:
    _, snowflake = sides
    with open_warehouse(snowflake.settings, read_only=True) as warehouse:
        stored = {f"{one.schema}.{one.table}": one.byte_count for one in warehouse.storage()}
    assert stored["marts.fct_plays"] > 0
    assert "staging.stg_spotify_api__tracks" not in stored, "a view holds nothing"

    console = Console(file=StringIO(), width=140)
    assert show_costs(console, snowflake.settings, datetime.now(UTC))
    assert "marts.fct_plays" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_listener_who_is_forgotten_leaves_no_raw_row(sides: tuple[Side, Side]) -> None:
    check_forgetting(sides[1])


@pytest.fixture
def settings(emulator: Emulator, tmp_path: Path) -> Settings:
    """Of schemas that nobody else has."""
    return load_settings(
        warehouse="snowflake",
        duckdb_path=tmp_path / "home.duckdb",
        schema_prefix=f"test{uuid.uuid4().hex[:8]}_",
        **emulator.settings,
    )


def test_a_second_writer_is_refused_and_a_reader_is_not(settings: Settings) -> None:
    assert not engine_of(settings).exists()
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


KILLED = """
import os
from ingestion.settings import load_settings
from ingestion.warehouse import open_warehouse, snowflake_lock

snowflake_lock._LASTS_SECONDS = 4
with open_warehouse(load_settings()):
    os.kill(os.getpid(), 9)
"""


def test_the_lock_of_a_run_that_was_killed_ends_by_itself(
    settings: Settings, emulator: Emulator
) -> None:
    given = settings.model_dump(include={"warehouse", "duckdb_path", "schema_prefix"})
    variables = {name.upper(): str(value) for name, value in {**given, **emulator.settings}.items()}
    killed = subprocess.run([sys.executable, "-c", KILLED], env=os.environ | variables, check=False)
    assert killed.returncode == -9
    with pytest.raises(WarehouseError, match="another run is writing"), open_warehouse(settings):
        pass
    time.sleep(4)
    with open_warehouse(settings):
        pass


def test_who_writes_for_long_keeps_the_lock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snowflake_lock, "_LASTS_SECONDS", 3)
    monkeypatch.setattr(snowflake_lock, "_RENEWED_AFTER_SECONDS", 0.5)
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
    monkeypatch.setattr(snowflake_lock, "_LASTS_SECONDS", 2)
    with open_warehouse(settings) as warehouse:
        time.sleep(2)
        with pytest.raises(WarehouseError, match="lost its place"):
            warehouse.query("select 1")


def test_a_transaction_happens_whole_or_not_at_all(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.query("create table staging.a (x varchar, rows bigint)")
        with warehouse.transaction():
            warehouse.query('insert into staging.a (x, "rows") values (?, ?)', ["it's \\ ?", None])
    with pytest.raises(WarehouseError, match="NOWHERE"):
        replace_and_fail(settings)
    with open_warehouse(settings) as warehouse:
        assert warehouse.query("select x, rows from staging.a") == [("it's \\ ?", None)]
        assert warehouse.column_types("staging") == {"a": {"x": "VARCHAR", "rows": "BIGINT"}}


def replace_and_fail(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse, warehouse.transaction():
        warehouse.query("delete from staging.a where true")
        warehouse.query("insert into staging.nowhere (x) values (?)", ["b"])


def test_a_broken_promise_is_kept_until_it_is_mended(settings: Settings) -> None:
    assert what_is_kept_of_a_broken_promise(settings) == KEPT_OF_A_BROKEN_PROMISE


def test_a_moment_is_the_same_in_any_zone(settings: Settings) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    with open_warehouse(settings) as warehouse:
        warehouse.query("create table staging.a (x timestamp with time zone)")
        in_new_york = noon.astimezone(timezone(timedelta(hours=-5)))
        warehouse.query("insert into staging.a (x) values (?)", [in_new_york])
        [(moment,)] = warehouse.query("select x from staging.a")
    assert (moment, moment.utcoffset()) == (noon, timedelta(0))


def test_doctor_says_what_answers(settings: Settings) -> None:
    [check] = engine_of(settings).examine()
    assert check.state == "good"
    assert "listening in somebodys answers" in check.told
    assert "the first run makes the schemas" in check.told


def test_doctor_says_what_an_account_has_set_otherwise(settings: Settings) -> None:
    with open_warehouse(settings) as warehouse:
        warehouse.query("alter user listener set WEEK_START = '7'")
        try:
            _, check = engine_of(settings).examine()
        finally:
            warehouse.query("alter user listener set WEEK_START = '0'")
    assert check.state == "bad"
    assert check.told.startswith("WEEK_START is '7'")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"snowflake_user": None}, "SNOWFLAKE_USER is not set: see .env.example"),
        (
            {"snowflake_account": None, "snowflake_database": None},
            "SNOWFLAKE_ACCOUNT, SNOWFLAKE_DATABASE are not set: see .env.example",
        ),
        ({"snowflake_private_key_file": None}, "SNOWFLAKE_PRIVATE_KEY_FILE is not set"),
        ({"snowflake_private_key_file": Path("nowhere.p8")}, "No such file"),
        ({"snowflake_private_key_passphrase": None}, "holds no private key in PEM that"),
        ({"snowflake_url": "http://127.0.0.1:1"}, "cannot use the warehouse, listening in"),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    settings: Settings,
    given: dict[str, Any],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("ingestion.warehouse.snowflake._CONNECT_SECONDS", 3)
    with pytest.raises(WarehouseError) as refused:
        engine_of(settings.model_copy(update=given)).exists()
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert PASSPHRASE not in str(refused.value)
    assert not caplog.records


def test_dbt_is_told_where_and_hides_the_secrets(settings: Settings) -> None:
    told = engine_of(settings).dbt_variables()
    assert told["SNOWFLAKE_ACCOUNT"] == "somebodys"
    secrets = {name for name, value in told.items() if value == PASSPHRASE}
    assert secrets == {"DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"}


def test_a_password_signs_in_where_there_is_no_key(settings: Settings) -> None:
    without_key = {"snowflake_private_key_file": None, "snowflake_password": "unused"}
    given = settings.model_dump(exclude_none=True) | without_key
    with open_warehouse(load_settings(**given), read_only=True) as warehouse:
        assert warehouse.query("select 1") == [(1,)]
