"""A collector without a disk: each poll is a process of its own in an empty folder, some killed.

Beside it goes one that has a disk and that nothing disturbs. Both end with the same rows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg2
import pytest
from pydantic import SecretStr

from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.spotify_api.client import SystemClock
from ingestion.spotify_api.collecting import collect_once
from ingestion.spotify_api.sign_in import SCOPES
from ingestion.spotify_api.tables import COLLECTION_RUNS, RAW_TABLES, SCHEMA
from ingestion.spotify_api.tokens import App, SignIn, TokenFile, Tokens
from ingestion.warehouse import open_warehouse
from simulator import World, imagine
from simulator.web_api import Service, serve
from tests.warehouses.conftest import MakeDatabase

FIRST = datetime(2025, 3, 4, 6, 30, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)

#: `spotify-elt collect`, but by Spotify's clock, which the test moves.
COLLECT = """
import sys
from datetime import datetime
from ingestion.settings import load_settings
from ingestion.spotify_api.client import SystemClock
from ingestion.spotify_api.collecting import collect_once
from ingestion.spotify_api.tokens import signed_in_listeners

class Then(SystemClock):
    def now(self):
        return datetime.fromisoformat(sys.argv[1])

settings = load_settings()
for listener in signed_in_listeners(settings):
    print(listener, collect_once(settings, listener, clock=Then()).outcome)
"""


@pytest.fixture(scope="module")
def world() -> World:
    return imagine(300, seed=7, start=date(2025, 3, 1), end=date(2025, 3, 10))


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with serve(world, now=FIRST) as service:
        yield service


@pytest.fixture
def tokens(service: Service) -> Tokens:
    """What `spotify-elt login` keeps, for an app with its secret."""
    sign_in = SignIn(
        client_id=service.client_id,
        uses_secret=True,
        refresh_token=service.sign_in(),
        scope=" ".join(sorted(SCOPES)),
        authorised_at=service.clock.now,
    )
    return Tokens(App(service.client_id, service.client_secret), {"me": sign_in})


@pytest.fixture
def settings(service: Service, tokens: Tokens, tmp_path: Path) -> Settings:
    """Of the collector with a disk."""
    settings = Settings(
        _env_file=None,
        duckdb_path=tmp_path / "kept" / "spotify.duckdb",
        spotify_tokens=tmp_path / "kept" / "tokens.json",
        spotify_api_url=service.api_url,
        spotify_accounts_url=service.accounts_url,
        requests_per_minute=0,
        max_calls=10,
    )
    with TokenFile(settings.spotify_tokens).changing() as kept:
        kept.app, kept.listeners = tokens.app, tokens.listeners
    return settings


class Runner:
    """What a cloud starts again and again: nothing is left of one poll for the next."""

    def __init__(self, settings: Settings, tokens: Tokens, database: str, folder: Path) -> None:
        self.database = database
        self._folder = folder
        self._disks = 0
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT_ROOT),
            "WAREHOUSE": "postgres",
            "POSTGRES_URL": database,
            "SPOTIFY_TOKENS_JSON": msgspec.json.encode(tokens).decode(),
            "SPOTIFY_API_URL": settings.spotify_api_url,
            "SPOTIFY_ACCOUNTS_URL": settings.spotify_accounts_url,
            "REQUESTS_PER_MINUTE": "0",
            "MAX_CALLS": str(settings.max_calls),
        }

    def start(self, now: datetime) -> subprocess.Popen[str]:
        self._disks += 1
        disk = self._folder / f"disk_{self._disks}"
        disk.mkdir()
        return subprocess.Popen(
            [sys.executable, "-c", COLLECT, now.isoformat()],
            env={
                **self._environment,
                "HOME": str(disk),
                "TMPDIR": str(disk),
                "DUCKDB_PATH": str(disk / "data" / "spotify.duckdb"),
            },
            cwd=disk,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def poll(self, now: datetime) -> str:
        process = self.start(now)
        told, complaints = process.communicate(timeout=240)
        assert process.returncode == 0, complaints
        assert "refresh_token" not in told + complaints
        return told

    def is_killed_while_it_loads(self, now: datetime) -> None:
        """The plays are there, their artists are not yet, and what Spotify told is gone."""
        with closing(psycopg2.connect(self.database)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(f"select count(*) from {SCHEMA}.recently_played")
                before = cursor.fetchone()
                cursor.execute(
                    f"lock table {SCHEMA}.recently_played__track__artists in exclusive mode"
                )
                process = self.start(now)
                self._wait(process, lambda: self._plays() != before)
            process.kill()
            process.wait()

    def is_killed_while_it_asks(self, now: datetime, service: Service) -> None:
        service.faults.next("slow", paths="/v1/me/player/*", delay_seconds=5)
        asked = len(service.calls)
        process = self.start(now)
        self._wait(process, lambda: len(service.calls) > asked + 1)  # the first is for the sign-in
        process.kill()
        process.wait()

    def _plays(self) -> tuple[object, ...] | None:
        with closing(psycopg2.connect(self.database)) as connection, connection.cursor() as cursor:
            cursor.execute(f"select count(*) from {SCHEMA}.recently_played")
            return cursor.fetchone()

    def _wait(self, process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not happened():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def runner(
    settings: Settings, tokens: Tokens, make_database: MakeDatabase, tmp_path: Path
) -> Runner:
    return Runner(settings, tokens, make_database(), tmp_path)


def test_polls_from_an_empty_disk_end_as_those_of_a_collector_with_one(
    world: World, service: Service, settings: Settings, runner: Runner
) -> None:
    for number, now in enumerate(polls(world)):
        service.clock.now = now
        if number == 1:
            runner.is_killed_while_it_asks(now, service)
        if number == 2:
            runner.is_killed_while_it_loads(now)
        outcome = collect_once(settings, "me", clock=Then(service)).outcome
        assert runner.poll(now) == f"me {outcome}\n"

    on_postgres = settings.model_copy(
        update={"warehouse": "postgres", "postgres_url": SecretStr(runner.database)}
    )
    ours, theirs = raw_rows(on_postgres), raw_rows(settings)
    assert Counter(
        (play["own.played_at"], play["own.track__id"])
        for play in map(dict, ours["recently_played"].elements())
    ) == Counter(service.answered_plays())
    assert ours == theirs


class Then(SystemClock):
    """Spotify's time in this process."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def now(self) -> datetime:
        return self._service.clock.now


def polls(world: World) -> list[datetime]:
    """Half hours of two days in which something was played, and one in which nothing was."""
    ticks = [FIRST + number * HALF_AN_HOUR for number in range(80)]
    ends = [play.ended_at for play in world.plays]
    with_news = [tick for tick in ticks if any(tick - HALF_AN_HOUR < end <= tick for end in ends)]
    return [*with_news[:3], with_news[2] + HALF_AN_HOUR, with_news[5]]


def raw_rows(settings: Settings) -> dict[str, Counter[tuple[tuple[str, object], ...]]]:
    """What Spotify told, by table: rows with the names of their columns, a child's parent first."""
    found = {}
    tables = [table for table in RAW_TABLES if table is not COLLECTION_RUNS]  # a kill leaves none
    with open_warehouse(settings, read_only=True) as warehouse:
        for raw_table in tables:
            for name, columns in raw_table.tables.items():
                names, source = [f"own.{column}" for column in columns], f"{SCHEMA}.{name} own"
                if parent := raw_table.parent_of(name):
                    names += [f"parents.{column}" for column in raw_table.tables[parent]]
                    source += f" left join {SCHEMA}.{parent} parents"
                    source += " on own._dlt_parent_id = parents._dlt_id"
                rows = warehouse.query(f"select {', '.join(names)} from {source}")
                found[name] = Counter(tuple(zip(names, row, strict=True)) for row in rows)
    return found
