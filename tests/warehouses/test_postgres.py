"""Postgres as a warehouse: one writer at a time, and what lies there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ingestion.cost_notes import note_costs
from ingestion.costs import show_costs
from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings, load_settings
from ingestion.spotify_export.importing import import_exports
from ingestion.warehouse import engine_of, open_warehouse
from tests.ingestion.conftest import make_zip, play
from tests.warehouses.conftest import MakeDatabase
from tests.warehouses.parity import KEPT_OF_A_BROKEN_PROMISE, what_is_kept_of_a_broken_promise

psycopg2 = pytest.importorskip("psycopg2", reason="the extra `postgres` is not installed")


@pytest.fixture
def settings(make_database: MakeDatabase, tmp_path: Path) -> Settings:
    return load_settings(
        warehouse="postgres", postgres_url=make_database(), duckdb_path=tmp_path / "unused.duckdb"
    )


def test_a_second_writer_is_refused_while_a_reader_is_not(settings: Settings) -> None:
    with open_warehouse(settings):
        with (
            pytest.raises(WarehouseError, match="another run is writing to spotify_"),
            open_warehouse(settings),
        ):
            pass
        with open_warehouse(settings, read_only=True) as warehouse:
            assert warehouse.query("select 1") == [(1,)]


def test_the_next_writer_need_not_wait_until_the_server_has_noticed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lingering(psycopg2.extensions.connection):  # type: ignore[misc]  # of untyped code
        def close(self) -> None:
            """As for a server that is slow to end the session."""

    connect = partial(psycopg2.connect, connection_factory=Lingering)
    monkeypatch.setattr(psycopg2, "connect", connect)
    for _ in range(2):
        with open_warehouse(settings) as warehouse:
            warehouse.query("select 1")


def test_a_statement_that_fails_leaves_no_lock(settings: Settings) -> None:
    with pytest.raises(psycopg2.Error), open_warehouse(settings) as warehouse:
        warehouse.query("select nonsense")
    with open_warehouse(settings):
        pass


ADDRESS = "postgresql://me:password@127.0.0.1/x"
HIDDEN = "s3cr"


@pytest.mark.parametrize("sign", "%@#/?[")
def test_an_address_that_means_something_else_is_not_told(sign: str) -> None:
    address = ADDRESS.replace("password", f"{HIDDEN}{sign}et")
    with pytest.raises(UserError, match="write % as %25, @ as %40") as told:
        load_settings(warehouse="postgres", postgres_url=address)
    assert HIDDEN not in str(told.value)


def test_an_option_that_postgres_does_not_know_is_named() -> None:
    address = ADDRESS.replace("password", HIDDEN) + "?sslaccept=strict"
    settings = load_settings(warehouse="postgres", postgres_url=address)
    with pytest.raises(WarehouseError, match=r'parameter: "sslaccept": leave it out$') as told:
        engine_of(settings)
    assert HIDDEN not in str(told.value)


def test_what_is_encoded_in_an_address_is_read_as_meant_and_what_cannot_be_stored_replaced(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    address = make_database()
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute('create role "one + two%" superuser login')
    rows = [play(1, episode_name="a\0b")]  # which Postgres cannot store
    settings = load_settings(
        warehouse="postgres",
        postgres_url=address.replace("tests:unused", "one%20+%20two%25:a%20password"),
        duckdb_path=tmp_path / "unused.duckdb",
        export=[make_zip(tmp_path / "my_spotify_data.zip", {"endsong_0.json": rows})],
    )
    import_exports(settings)
    with open_warehouse(settings, read_only=True) as warehouse:
        names = "select current_user, episode_name from spotify_export.streaming_history"
        assert warehouse.query(names) == [("one + two%", "a\ufffdb")]


def test_costs_are_told_by_table_with_its_indexes_and_noted(settings: Settings) -> None:
    settings = settings.model_copy(update={"schema_prefix": "anna_"})
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    with open_warehouse(settings) as warehouse:
        warehouse.query("create schema anna_marts")
        warehouse.query("create table marts.a as select * from generate_series(1, 10000) as x")
        warehouse.query("create view marts.v as select * from marts.a")
        [bare] = warehouse.storage()
        warehouse.query("create index on marts.a (x)")
        [indexed] = warehouse.storage()
        warehouse.query("create schema marts")
        warehouse.query('create table "marts"."somebodys" as select 1 as x')
        assert warehouse.storage() == [indexed]
    assert (bare.schema, bare.table) == ("marts", "a")
    assert bare.byte_count + 100_000 < indexed.byte_count

    with open_warehouse(settings) as warehouse:
        assert note_costs(settings, warehouse, now - timedelta(days=1))
        assert note_costs(settings, warehouse, now)
    console = Console(file=StringIO(), width=120)
    assert show_costs(console, settings, now)
    words = console.file.getvalue()  # type: ignore[attr-defined]
    assert "marts.a" in words
    assert "more than on 2026-11-20" in words


def test_a_broken_promise_is_kept_until_it_is_mended(settings: Settings) -> None:
    assert what_is_kept_of_a_broken_promise(settings) == KEPT_OF_A_BROKEN_PROMISE
