"""The marts on a real server: whole, swapped under readers, and untouched by a failure."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest

from ingestion.descriptions import Described
from ingestion.errors import UserError, WarehouseError
from ingestion.publish.postgres import publish_to_postgres
from ingestion.settings import PROJECT_ROOT, Settings, load_settings
from tests.warehouses.conftest import MakeDatabase

AWKWARD = [
    'it\'s "quoted"',
    "tab\tand\nline",
    "back\\slash \\N",
    "",
    None,
    "Épe 東京 🎧",
    "a,b;c|d",
]

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def settings(
    make_database: MakeDatabase,
    parsed_project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """A warehouse without anything; dbt has parsed the project already."""
    shutil.copytree(parsed_project / "target", tmp_path / "target")
    monkeypatch.setenv("DBT_PROJECT_DIR", str(parsed_project))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(PROJECT_ROOT / "profiles"))
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    monkeypatch.chdir(tmp_path)
    return load_settings(duckdb_path=tmp_path / "home.duckdb", postgres_url=make_database())


@pytest.fixture
def query(settings: Settings) -> Query:
    assert settings.postgres_url
    url = settings.postgres_url.get_secret_value()

    def query(sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    return query


def write_marts(settings: Settings, version: int, rows: int = 1_000) -> None:
    """Two marts, of which every row bears the version, with all types that marts have."""
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema if not exists marts")
        for mart in ("dim_tracks", "fct_plays"):
            connection.execute(
                f"""
                create or replace table marts.{mart} as
                select
                    {version} :: bigint as version,
                    (? :: varchar[])[range % {len(AWKWARD)} + 1] as track_name,
                    range / 7 as listening_hours,
                    range % 2 = 0 as is_counted,
                    date '1999-12-31' + range :: integer as listening_date,
                    timestamp '1999-12-31 23:59:59.123456' + to_seconds(range) as ended_at,
                    (range % 24) :: integer as hour
                from range({rows})
                """,
                [AWKWARD],
            )


def test_every_row_arrives_as_it_is(settings: Settings, query: Query) -> None:
    write_marts(settings, version=1)

    assert publish_to_postgres(settings) == 2_000

    with duckdb.connect(settings.duckdb_path) as connection:
        expected = connection.execute("from marts.fct_plays order by ended_at").fetchall()
    assert query("select * from marts.fct_plays order by ended_at") == expected


def test_readers_see_the_old_marts_or_the_new_never_half(settings: Settings, query: Query) -> None:
    write_marts(settings, version=1)
    publish_to_postgres(settings)
    seen: set[tuple[int, ...]] = set()
    has_ended = threading.Event()

    def read() -> None:
        while not has_ended.is_set():
            seen.update(
                query(
                    "select min(plays.version), max(plays.version), min(tracks.version),"
                    " max(tracks.version), count(distinct plays.ended_at)"
                    " from marts.fct_plays as plays"
                    " inner join marts.dim_tracks as tracks using (ended_at)"
                )
            )

    reader = threading.Thread(target=read)
    reader.start()
    for version in (2, 3, 4):
        write_marts(settings, version)
        publish_to_postgres(settings)
    has_ended.set()
    reader.join(timeout=30)

    assert {row[0] for row in seen} & {1, 2, 3}, "nobody read while it was published"
    assert seen <= {(version, version, version, version, 1_000) for version in (1, 2, 3, 4)}
    assert query("select distinct version from marts.fct_plays") == [(4,)]
    assert query("select nspname from pg_namespace where nspname like 'marts%'") == [("marts",)]


def test_a_long_reader_keeps_the_marts_that_it_began_with(settings: Settings, query: Query) -> None:
    assert settings.postgres_url
    write_marts(settings, version=1)
    publish_to_postgres(settings)
    reader = psycopg2.connect(settings.postgres_url.get_secret_value())
    with reader.cursor() as cursor:
        cursor.execute("declare plays cursor for select version from marts.fct_plays")
        cursor.execute("fetch 10 from plays")

        write_marts(settings, version=2)
        publish_to_postgres(settings)

        assert query("select distinct version from marts.fct_plays") == [(2,)]
        cursor.execute("fetch all from plays")
        assert set(cursor.fetchall()) == {(1,)}
    reader.close()

    publish_to_postgres(settings)
    assert query("select nspname from pg_namespace where nspname like 'marts%'") == [("marts",)]


def test_a_postgres_can_be_published_from_and_under_another_prefix(
    settings: Settings, query: Query
) -> None:
    query(
        "create schema anna_marts;"
        " create table anna_marts.fct_plays as select 7::bigint as version;"
    )
    home = settings.model_copy(update={"warehouse": "postgres", "schema_prefix": "anna_"})
    with pytest.raises(UserError, match=r"anna_marts there was not published .* PUBLISH_PREFIX"):
        publish_to_postgres(home)
    published = home.model_copy(
        update={"publish_url": settings.postgres_url, "publish_prefix": "web_"}
    )
    assert publish_to_postgres(published) == 1
    assert query("select version from web_marts.fct_plays") == [(7,)]
    assert query("select version from anna_marts.fct_plays") == [(7,)]


def test_a_row_that_postgres_cannot_hold_changes_nothing(settings: Settings, query: Query) -> None:
    write_marts(settings, version=1)
    publish_to_postgres(settings)
    write_marts(settings, version=2)
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("update marts.fct_plays set track_name = chr(0) where hour = 23")

    with pytest.raises(
        WarehouseError, match=r"^cannot publish to spotify_\w+ on 127.0.0.1: .*0x00"
    ):
        publish_to_postgres(settings)

    assert query("select distinct version from marts.dim_tracks") == [(1,)]
    assert query("select nspname from pg_namespace where nspname like 'marts%'") == [("marts",)]


def test_a_server_that_goes_away_in_the_middle_changes_nothing(
    settings: Settings, query: Query
) -> None:
    write_marts(settings, version=1)
    publish_to_postgres(settings)
    write_marts(settings, version=2)

    def end_all_sessions(_mart: str, _rows: int) -> None:
        query(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

    with pytest.raises(WarehouseError, match="cannot publish"):
        publish_to_postgres(settings, end_all_sessions)

    assert query("select distinct version from marts.dim_tracks") == [(1,)]
    assert publish_to_postgres(settings) == 2_000


def test_who_could_read_before_can_read_after(settings: Settings, query: Query) -> None:
    write_marts(settings, version=1)
    publish_to_postgres(settings)
    role = query("select current_database() || '_bi \"reader\"'")[0][0].replace('"', '""')
    query(f'create role "{role}"')
    query(f'grant usage on schema marts to "{role}"')
    query(f'grant select on marts.fct_plays to "{role}"')

    write_marts(settings, version=2)
    publish_to_postgres(settings)

    assert query(f'set role "{role}"; select distinct version from marts.fct_plays') == [(2,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(f'set role "{role}"; select * from marts.dim_tracks')


def test_what_is_somebody_elses_is_left_alone(settings: Settings, query: Query) -> None:
    write_marts(settings, version=1)
    query("create schema marts; create table marts.mine as select 1 as one")
    with pytest.raises(UserError, match="the schema marts there was not published by spotify-elt"):
        publish_to_postgres(settings)
    assert query("select * from marts.mine") == [(1,)]

    prefixed = settings.model_copy(update={"schema_prefix": "anna_"})
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema anna_marts")
        connection.execute("create table anna_marts.fct_plays as from marts.fct_plays")
    publish_to_postgres(prefixed)
    query("create view public.listening as select count(*) as plays from anna_marts.fct_plays")
    with pytest.raises(UserError, match=r"^listening reads the schema anna_marts"):
        publish_to_postgres(prefixed)
    assert query("select * from public.listening") == [(1_000,)]


def test_marts_are_described_and_counted_after_each_publish_and_indexed_if_wanted(
    settings: Settings, query: Query
) -> None:
    indexes = {1: [], 2: [("fct_plays", "(listener, listening_date)")], 3: []}
    for version, expected in indexes.items():
        write_marts(settings, version)
        with duckdb.connect(settings.duckdb_path) as connection:
            connection.execute("alter table marts.fct_plays add column listener varchar")
            connection.execute("create or replace table marts.of_my_own as select 1 as one")
        publish_to_postgres(settings.model_copy(update={"publish_indexes": bool(expected)}))

        assert query("select distinct version from marts.fct_plays") == [(version,)]
        assert (
            query(
                "select tablename, substring(indexdef from '\\(.*\\)') from pg_indexes"
                " where schemaname like 'marts%'"
            )
            == expected
        )
        assert query(
            "select distinct tablename from pg_stats where schemaname = 'marts' order by tablename"
        ) == [("dim_tracks",), ("fct_plays",), ("of_my_own",)]
        plays, tracks, of_my_own = (
            query(f"select obj_description('marts.{mart}'::regclass)")[0][0]
            for mart in ("fct_plays", "dim_tracks", "of_my_own")
        )
        assert plays.startswith("One row per play that happened, counted or not. A play is")
        assert "\n" not in plays
        assert tracks.startswith("One row per ")
        assert of_my_own is None
        comments = dict(
            query(
                "select attname, col_description(attrelid, attnum) from pg_attribute"
                " where attrelid = 'marts.fct_plays'::regclass and attnum > 0"
            )
        )
        assert comments["listener"].startswith("Whose history it is: the name given at import")
        assert comments["listening_date"]
        assert comments["version"] is None, "the project does not know it"


def test_descriptions_arrive_as_they_are(
    settings: Settings, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [text for text in AWKWARD if text] + ["$$ $1 %s %I {}", "end'; drop schema marts; --"]
    said = {f"column_{number}": text for number, text in enumerate(texts)}
    described = {"odd": Described(" ".join(texts), said)}
    monkeypatch.setattr("ingestion.publish.postgres.describe_models", lambda _: described)
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema marts")
        columns = ", ".join(f"1 as {name}" for name in said)
        connection.execute(f"create table marts.odd as select {columns}")

    publish_to_postgres(settings)

    assert query("select obj_description('marts.odd'::regclass)") == [(" ".join(texts),)]
    assert query(
        "select col_description('marts.odd'::regclass, number)"
        f" from generate_series(1, {len(texts)}) as number"
    ) == [(text,) for text in texts]


def test_without_marts_there_is_nothing_to_publish(settings: Settings) -> None:
    with pytest.raises(UserError, match="there are no marts yet"):
        publish_to_postgres(settings)
