"""A simulated Spotify over real HTTP, a clock that both sides share, and who is signed in to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.spotify_api.client import SpotifyClient, open_client
from ingestion.spotify_api.collecting import Outcome, collect_once
from ingestion.spotify_api.sign_in import SCOPES
from ingestion.spotify_api.tokens import App, SignIn, TokenFile
from ingestion.warehouse import open_warehouse
from simulator import World, imagine
from simulator.web_api import Service, serve
from tests.programs import free_port


class SharedClock:
    """The service's clock, as the client sees it: sleeping moves Spotify on as well."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._service.clock.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._service.clock.advance(seconds)


def profile(spotify: Any) -> Any:
    return spotify.current_user()


def asked(service: Service) -> list[int]:
    """The Web API's answers so far, by status."""
    return [call.status for call in service.calls if call.path.startswith("/v1/")]


def refreshes(service: Service) -> int:
    return sum(call.path == "/api/token" for call in service.calls)


#: A browser that goes where it is sent, and asks for an icon and for something odd before.
BROWSER = """
import sys
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen
home = parse_qs(urlsplit(sys.argv[1]).query)["redirect_uri"][0]
for path in ("/favicon.ico", "/callback", "/callback?other=1", "/elsewhere?code=x&state=y"):
    with suppress(OSError):
        urlopen("http://" + urlsplit(home).netloc + path)
urlopen(sys.argv[1])
"""


def spotify_elt(
    environment: dict[str, str], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """A run without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "ingestion", *map(str, arguments)],
        env=environment,
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def where_it_leads(address: str) -> str:
    """The address that Spotify sends a browser to, which is not gone to."""

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with pytest.raises(HTTPError) as told:
        build_opener(Stay).open(address)
    return str(told.value.headers["Location"])


@pytest.fixture(scope="session")
def world() -> World:
    return imagine(1_500, seed=11)


@pytest.fixture
def now(world: World) -> datetime:
    """The middle of the listener's life."""
    return world.plays[len(world.plays) // 2].ended_at + timedelta(seconds=30)


@pytest.fixture
def service(world: World, now: datetime) -> Iterator[Service]:
    with serve(world, now=now) as service:
        yield service


@pytest.fixture
def clock(service: Service) -> SharedClock:
    return SharedClock(service)


@pytest.fixture
def make_settings(service: Service, tmp_path: Path) -> Callable[..., Settings]:
    """Settings that point to the service and to files of this test; unpaced."""

    def make(**fields: Any) -> Settings:
        values = {
            "duckdb_path": tmp_path / "data" / "spotify.duckdb",
            "listener": "me",
            "spotify_api_url": service.api_url,
            "spotify_accounts_url": service.accounts_url,
            "spotify_client_id": service.client_id,
            "spotify_tokens": tmp_path / "configuration" / "tokens.json",
            "requests_per_minute": 0,
            "request_timeout_seconds": 2,
            **fields,
        }
        return Settings(_env_file=None, **values)

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest.fixture
def sign_in(service: Service, settings: Settings) -> Callable[..., SignIn]:
    """Put a sign-in into the token file, as `spotify-elt login` would."""

    def store(
        listener: str = "me",
        *,
        uses_secret: bool = False,
        scopes: Collection[str] = SCOPES,
        authorised_at: datetime | None = None,
    ) -> SignIn:
        authorised_at = authorised_at or service.clock.now
        signed_in = SignIn(
            client_id=service.client_id,
            uses_secret=uses_secret,
            refresh_token=service.sign_in(
                listener, scopes=set(scopes), authorised_at=authorised_at
            ),
            scope=" ".join(sorted(scopes)),
            authorised_at=authorised_at,
        )
        with TokenFile(settings.spotify_tokens).changing() as tokens:
            tokens.listeners[listener] = signed_in
            if uses_secret:
                tokens.app = App(service.client_id, service.client_secret)
        return signed_in

    return store


@pytest.fixture
def client(settings: Settings, sign_in: Callable[..., SignIn], clock: SharedClock) -> SpotifyClient:
    """A client for `me`, who is signed in."""
    sign_in()
    return open_client(settings, "me", budget=100, clock=clock)


@pytest.fixture
def environment(service: Service, settings: Settings, tmp_path: Path) -> dict[str, str]:
    browser = tmp_path / "browser.py"
    browser.write_text(BROWSER)
    own = {"LISTENER", "LOG_LEVEL", "LOG_FILE", "LOG_FORMAT"}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in own and not name.startswith("SPOTIFY_")
    }
    return {
        **inherited,
        **service.environment,
        "SPOTIFY_TOKENS": str(settings.spotify_tokens),
        "SPOTIFY_REDIRECT_URI": f"http://127.0.0.1:{free_port()}/callback",
        "DUCKDB_PATH": str(tmp_path / "spotify.duckdb"),
        "BROWSER": f"{sys.executable} {browser} %s",
        "COLUMNS": "100",
    }


@pytest.fixture
def collect(
    settings: Settings, sign_in: Callable[..., SignIn], clock: SharedClock, raw_tables: Path
) -> Callable[..., Outcome]:
    """Poll once for `me`, who is signed in, as `spotify-elt collect` does; the tables are there."""
    sign_in()
    if not settings.duckdb_path.exists():
        settings.duckdb_path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(raw_tables, settings.duckdb_path)

    def poll(listener: str = "me", settings: Settings = settings, **arguments: Any) -> Outcome:
        return collect_once(settings, listener, clock=clock, **arguments)

    return poll


@pytest.fixture
def query(settings: Settings) -> Callable[[str], list[tuple[Any, ...]]]:
    """Rows of the warehouse; tables of the schema `spotify_api` go by their bare names."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(settings) as warehouse:
            warehouse.query("set schema = 'spotify_api'")
            return warehouse.query(sql)

    return run
