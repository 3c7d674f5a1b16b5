"""`spotify-elt doctor`: what could keep a run from working, one line each, with the cure."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import requests
from rich.console import Console
from rich.markup import escape

from ingestion.checks import Check
from ingestion.errors import UserError
from ingestion.settings import Settings, load_settings
from ingestion.spotify_api.client import (
    Forbidden,
    SpotifyError,
    SystemClock,
    TryLater,
    open_client,
)
from ingestion.spotify_api.errors import WHO_MAY_ASK
from ingestion.spotify_api.sign_in import missing_scopes
from ingestion.spotify_api.state import memory_of
from ingestion.spotify_api.store import told_to_wait_until
from ingestion.spotify_api.tables import SCHEMA
from ingestion.spotify_api.tokens import (
    app_of,
    sign_in_id,
    sign_in_of,
    sign_in_warning,
    signed_in_listeners,
)
from ingestion.spotify_api.wire import Refused, Session, in_short
from ingestion.warehouse import Warehouse, engine_of, open_warehouse

#: With a clock further off, tokens are taken for fresh that are not; NTP keeps it far closer.
_CLOCK_SKEW: Final = timedelta(seconds=60)

_MARKS: Final = {"good": "[green]✓[/]", "bad": "[red]✗[/]", "unknown": "[dim]–[/]"}  # noqa: RUF001 - a dash


def show_checks(console: Console) -> bool:
    """Look at everything, print a line for each as it is known; say whether anything is wrong."""
    has_trouble = False
    for check in examine():
        console.print(
            f"{_MARKS[check.state]} {check.name:<10} {escape(check.told)}", soft_wrap=True
        )
        has_trouble |= check.state == "bad"
    return has_trouble


def examine() -> Iterator[Check]:
    """Look at everything; makes no file and asks Spotify once per listener."""
    yield _versions()
    try:
        settings = load_settings()
    except UserError as error:
        yield Check("settings", "bad", f"{error}; see .env and the environment")
        return
    yield Check("settings", "good", "can be used")
    yield from _guarded("warehouse", _warehouse(settings))
    yield from _guarded("app", _app(settings))
    yield from _guarded("Spotify", _spotify(settings))
    try:
        listeners = signed_in_listeners(settings)
    except UserError:
        return  # the check of the app has told it
    for listener in listeners:
        yield from _guarded(listener, _sign_in(settings, listener))
        yield from _guarded(listener, _account(settings, listener))
    if not listeners:
        yield Check("sign-in", "unknown", "nobody is signed in: spotify-elt login")


def _guarded(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """The checks, and an error of the user's as one thing more that is wrong."""
    try:
        yield from checks
    except UserError as error:
        yield Check(name, "bad", str(error))


def _versions() -> Check:
    packages = {"dbt": "dbt-core", "dlt": "dlt", "duckdb": "duckdb", "spotipy": "spotipy"}
    try:
        found = ", ".join(f"{name} {version(package)}" for name, package in packages.items())
    except PackageNotFoundError as error:
        return Check("versions", "bad", f"{error.name} is not installed: make install")
    return Check("versions", "good", f"Python {platform.python_version()}, {found}")


def _warehouse(settings: Settings) -> Iterator[Check]:
    yield from engine_of(settings).examine()


def _app(settings: Settings) -> Iterator[Check]:
    app = app_of(settings)
    if app is None:
        yield Check("app", "unknown", "no client id yet: spotify-elt login explains how to get one")
    else:
        kind = "with its secret" if app.client_secret else "without a secret (PKCE)"
        yield Check("app", "good", f"{app.client_id}, {kind}")


def _spotify(settings: Settings) -> Iterator[Check]:
    """Whether Spotify answers at all, which needs no sign-in, and what its clock says."""
    session = Session(settings.spotify_api_url)
    try:
        session.get(f"{settings.spotify_api_url}/me", timeout=settings.request_timeout_seconds)
    except Refused:
        pass  # without a token it must refuse; that is an answer
    except requests.RequestException as error:
        yield Check(
            "Spotify", "bad", f"{settings.spotify_api_url}: {in_short(error)}; is the network up?"
        )
        return
    yield Check("Spotify", "good", f"{settings.spotify_api_url} answers")
    if session.date is None:
        yield Check("clock", "unknown", "Spotify did not tell its own")
        return
    skew = SystemClock().now() - session.date
    told = f"{abs(skew).total_seconds():,.0f} s {'ahead of' if skew > timedelta(0) else 'behind'}"
    if abs(skew) > _CLOCK_SKEW:
        yield Check("clock", "bad", f"{told} Spotify's: set this machine's clock (NTP)")
    else:
        yield Check("clock", "good", "agrees with Spotify's")


def _sign_in(settings: Settings, listener: str) -> Iterator[Check]:
    sign_in = sign_in_of(settings, listener)
    if sign_in is None:
        return
    now = datetime.now(UTC)
    warning = sign_in_warning(settings, listener, now)
    if warning:
        has_ended = sign_in.ends_at is not None and now >= sign_in.ends_at
        yield Check(listener, "bad" if has_ended else "unknown", warning)
    elif sign_in.ends_at:
        yield Check(listener, "good", f"signed in until {sign_in.ends_at:%Y-%m-%d}")
    else:
        yield Check(
            listener, "unknown", "signed in by SPOTIFY_REFRESH_TOKEN; when it ends is not known"
        )


def _account(settings: Settings, listener: str) -> Iterator[Check]:
    until = _told_to_wait_until(settings, listener)
    if until and until > datetime.now(UTC):
        yield Check(
            listener, "unknown", f"not asked: Spotify wants no calls before {until:%d %b %H:%M} UTC"
        )
        return
    client = open_client(settings, listener, budget=4)
    try:
        me = client.call("profile", lambda spotify: spotify.current_user())
    except TryLater as error:
        yield Check(listener, "unknown", str(error))
    except Forbidden as error:
        yield Check(
            listener,
            "bad",
            f"{error}; {WHO_MAY_ASK}",
        )
    except SpotifyError as error:
        yield Check(listener, "bad", str(error))
    else:
        yield Check(listener, "good", f"is {me.get('display_name') or me.get('id')} on Spotify")
        yield from _scopes(settings, listener, client.scope)


def _scopes(settings: Settings, listener: str, granted: str) -> Iterator[Check]:
    missing = sorted({*missing_scopes(granted), *_found_missing(settings, listener)})
    if missing:
        yield Check(
            listener,
            "bad",
            f"did not grant {', '.join(missing)}: spotify-elt login --listener {listener}",
        )
    elif granted:
        yield Check(listener, "good", "granted all that is collected")


def _told_to_wait_until(settings: Settings, listener: str) -> datetime | None:
    """Until when Spotify wants no calls of the listener's app, as the warehouse remembers; UTC."""
    sign_in = sign_in_of(settings, listener)
    with _raw_table(settings, "collection_runs") as warehouse:
        if warehouse is None or sign_in is None:
            return None
        if "client_id" not in warehouse.column_types(SCHEMA)["collection_runs"]:
            return None  # no run of this version yet
        return told_to_wait_until(warehouse, sign_in.client_id)


def _found_missing(settings: Settings, listener: str) -> list[str]:
    """The scopes that runs with this sign-in have missed."""
    with _raw_table(settings, "_dlt_pipeline_state") as warehouse:
        if warehouse is None:
            return []
        return memory_of(warehouse, listener).missing_scopes(sign_in_id(settings, listener))


@contextmanager
def _raw_table(settings: Settings, table: str) -> Iterator[Warehouse | None]:
    """The warehouse, if there is one with this raw table."""
    with ExitStack() as opened:
        warehouse = None
        # what else may be wrong with it has been told by the check of the warehouse
        with suppress(UserError):
            if engine_of(settings).exists():
                warehouse = opened.enter_context(open_warehouse(settings, read_only=True))
        yield warehouse if warehouse and table in warehouse.tables(SCHEMA) else None
