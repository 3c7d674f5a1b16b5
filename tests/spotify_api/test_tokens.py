"""The token file: private, whole, shared by runs at the same time; and the sign-in's six months."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr

from ingestion.errors import UserError
from ingestion.settings import PROJECT_ROOT, Settings, load_settings
from ingestion.spotify_api import tokens as tokens_module
from ingestion.spotify_api.client import SignInNeeded, SpotifyClient, open_client
from ingestion.spotify_api.tokens import (
    App,
    SignIn,
    TokenFile,
    Tokens,
    renew_sign_in,
    sign_in_ends,
    sign_in_of,
    sign_in_warning,
    signed_in_listeners,
)
from simulator.web_api import Service
from tests.spotify_api.conftest import SharedClock, profile, refreshes

AUTHORISED = datetime(2026, 8, 31, 12, tzinfo=UTC)


def some_sign_in(**fields: object) -> SignIn:
    values = {
        "client_id": "app",
        "uses_secret": False,
        "refresh_token": "a-refresh-token",
        "access_token": "an-access-token",
        "authorised_at": AUTHORISED,
        **fields,
    }
    return SignIn(**values)  # type: ignore[arg-type]


def store(settings: Settings, listener: str = "me", **fields: object) -> None:
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        tokens.listeners[listener] = some_sign_in(**fields)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_its_folder_are_the_owners_alone(settings: Settings) -> None:
    old = os.umask(0)
    try:
        store(settings)
    finally:
        os.umask(old)

    assert mode(settings.spotify_tokens) == 0o600
    assert mode(settings.spotify_tokens.parent) == 0o700
    assert list(json.loads(settings.spotify_tokens.read_text())["listeners"]) == ["me"]


def test_a_file_that_others_can_read_is_tightened_and_that_is_said(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    store(settings)
    settings.spotify_tokens.chmod(0o644)

    assert signed_in_listeners(settings) == ["me"]
    assert mode(settings.spotify_tokens) == 0o600
    assert "could be read by others" in caplog.text
    caplog.clear()
    signed_in_listeners(settings)
    assert caplog.text == ""


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"listeners": {"me": 1}}', b"\xff\xfe"])
def test_a_damaged_file_is_one_line_that_shows_nothing_of_it(
    settings: Settings, content: bytes
) -> None:
    settings.spotify_tokens.parent.mkdir(parents=True)
    settings.spotify_tokens.write_bytes(content)

    with pytest.raises(UserError, match="damaged: remove it and sign in again") as told:
        signed_in_listeners(settings)
    assert "\n" not in str(told.value)
    assert told.value.__cause__ is None


def test_what_fails_while_it_changes_leaves_it_as_it_was(settings: Settings) -> None:
    store(settings)
    before = settings.spotify_tokens.read_bytes()

    def fails(_: SignIn) -> SignIn:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        renew_sign_in(settings, "me", fails)
    assert settings.spotify_tokens.read_bytes() == before
    assert {path.name for path in settings.spotify_tokens.parent.iterdir()} == {
        "tokens.json",
        "tokens.json.lock",
    }


def test_a_link_to_the_file_stays_a_link(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    settings.spotify_tokens.parent.mkdir(parents=True)
    settings.spotify_tokens.symlink_to(elsewhere)

    store(settings)

    assert settings.spotify_tokens.is_symlink()
    assert signed_in_listeners(settings) == ["me"]


def test_processes_that_store_at_the_same_time_lose_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    script = f"""
import sys, time
from pathlib import Path
from ingestion.spotify_api.tokens import SignIn, TokenFile
print("ready", flush=True)
while not Path({str(start)!r}).exists():
    time.sleep(0.001)
for number in range(100):
    with TokenFile(Path({str(settings.spotify_tokens)!r})).changing() as tokens:
        name = f"{{sys.argv[1]}}-{{number}}"
        tokens.listeners[name] = SignIn(client_id="app", uses_secret=False, refresh_token="t")
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, name], cwd=PROJECT_ROOT, stdout=subprocess.PIPE
        )
        for name in ("anna", "bob")
    ]
    for process in processes:
        assert process.stdout
        process.stdout.readline()
    start.touch()

    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(signed_in_listeners(settings)) == 200


def test_a_rotated_refresh_token_is_stored_before_its_access_token_is_used(
    client: SpotifyClient, service: Service, settings: Settings
) -> None:
    first = sign_in_of(settings, "me")
    service.faults.next("rate_limited_for_a_day")  # the first call fails, after the refresh

    with pytest.raises(Exception, match="no more calls"):
        client.call("profile", profile)
    second = sign_in_of(settings, "me")
    assert first is not None
    assert second is not None
    assert second.refresh_token != first.refresh_token
    assert second.authorised_at == first.authorised_at, "refreshing prolongs nothing"


def test_runs_at_the_same_time_refresh_once_between_them(
    settings: Settings,
    sign_in: Callable[..., SignIn],
    service: Service,
    clock: SharedClock,
) -> None:
    sign_in()
    clients = [open_client(settings, "me", budget=9, clock=clock) for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda client: client.call("profile", profile), clients))

    assert len({answer["id"] for answer in answers}) == 1
    assert refreshes(service) == 1


def test_a_secret_that_is_missing_is_named(
    make_settings: Callable[..., Settings], sign_in: Callable[..., SignIn], clock: SharedClock
) -> None:
    sign_in(uses_secret=True)
    settings = make_settings(spotify_client_id=None)
    assert open_client(settings, "me", budget=1, clock=clock).call("profile", profile)

    with TokenFile(settings.spotify_tokens).changing() as tokens:
        assert tokens.app is not None
        tokens.app = App(tokens.app.client_id)
    clock.sleep(7200)
    with pytest.raises(SignInNeeded, match="SPOTIFY_CLIENT_SECRET"):
        open_client(settings, "me", budget=1, clock=clock).call("profile", profile)


def test_a_refresh_token_by_environment_serves_and_is_written_nowhere(
    make_settings: Callable[..., Settings], service: Service, clock: SharedClock
) -> None:
    settings = make_settings(
        spotify_refresh_token=SecretStr(service.sign_in()),
        spotify_client_secret=SecretStr(service.client_secret),
        listener="server",
    )

    assert signed_in_listeners(settings) == ["server"]
    assert sign_in_ends(settings, "server") is None
    assert open_client(settings, "server", budget=1, clock=clock).call("profile", profile)
    assert not settings.spotify_tokens.parent.exists()


def test_a_refresh_token_by_environment_that_is_rotated_lasts_as_long_as_the_process(
    make_settings: Callable[..., Settings],
    service: Service,
    clock: SharedClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = service.sign_in()
    settings = make_settings(spotify_refresh_token=SecretStr(given))
    for _ in range(3):
        open_client(settings, "me", budget=1, clock=clock).call("profile", profile)
        clock.sleep(7200)

    assert caplog.text.count("has replaced SPOTIFY_REFRESH_TOKEN") == 1
    assert given not in caplog.text
    assert not settings.spotify_tokens.parent.exists()

    monkeypatch.setattr(tokens_module, "_in_memory", {})  # the next process
    with pytest.raises(SignInNeeded):
        open_client(settings, "me", budget=1, clock=clock).call("profile", profile)


def handed_over(app: App | None, **sign_ins: SignIn) -> SecretStr:
    """The content of a token file."""
    return SecretStr(msgspec.json.encode(Tokens(app, sign_ins)).decode())


class TestTheTokenFileByEnvironment:
    """For runners that keep no disk."""

    def test_it_serves_everybody_in_it_and_tells_when_they_must_sign_in_again(
        self, make_settings: Callable[..., Settings], service: Service, clock: SharedClock
    ) -> None:
        authorised_at = service.clock.now - timedelta(days=175)
        sign_in = some_sign_in(
            client_id=service.client_id,
            uses_secret=True,
            refresh_token=service.sign_in(authorised_at=authorised_at),
            authorised_at=authorised_at,
        )
        given = handed_over(App(service.client_id, service.client_secret), me=sign_in, anna=sign_in)
        settings = make_settings(spotify_tokens_json=given, spotify_client_id=None)

        assert signed_in_listeners(settings) == ["anna", "me"]
        for _ in range(2):
            assert open_client(settings, "anna", budget=1, clock=clock).call("profile", profile)
        assert refreshes(service) == 1
        assert "sign in again" in (sign_in_warning(settings, "me", service.clock.now) or "")
        assert not settings.spotify_tokens.parent.exists()
        assert open_client(settings, "me", budget=1, clock=clock).listener == "me"
        assert sign_in.refresh_token not in f"{settings!r} {settings}"

    def test_a_sign_in_that_its_first_use_would_make_void_is_not_used(
        self, make_settings: Callable[..., Settings], service: Service
    ) -> None:
        sign_in = some_sign_in(client_id=service.client_id, refresh_token=service.sign_in())
        settings = make_settings(spotify_tokens_json=handed_over(None, me=sign_in))

        with pytest.raises(UserError, match="without the app's secret"):
            open_client(settings, "me", budget=1)
        assert service.calls == []

    @pytest.mark.parametrize("given", ["~/tokens.json", '{"listeners": {"me": "a-refresh-token"}}'])
    def test_anything_else_is_refused_and_not_shown(
        self, make_settings: Callable[..., Settings], given: str
    ) -> None:
        with pytest.raises(UserError, match="SPOTIFY_TOKENS_JSON is not the content") as told:
            signed_in_listeners(make_settings(spotify_tokens_json=SecretStr(given)))
        assert "a-refresh-token" not in f"{told.value} {told.value.__cause__}"

    def test_one_that_spotify_replaces_all_the_same_is_told(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings = settings.model_copy(
            update={"spotify_tokens_json": handed_over(None, me=some_sign_in(uses_secret=True))}
        )
        renew_sign_in(settings, "me", lambda _: some_sign_in(**{"refresh_token": "another"}))

        assert "has replaced a token of SPOTIFY_TOKENS_JSON" in caplog.text
        assert "a-refresh-token" not in caplog.text
        assert "another" not in caplog.text


def test_a_refresh_token_without_its_app_says_so(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(spotify_refresh_token=SecretStr("token"), spotify_client_id=None)

    with pytest.raises(UserError, match="SPOTIFY_CLIENT_ID"):
        open_client(settings, "me", budget=1)


@pytest.mark.parametrize(
    ("authorised", "ends"),
    [
        (AUTHORISED, datetime(2027, 2, 28, 12, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
        (datetime(2027, 8, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_sign_in_ends_six_calendar_months_after_it_was_made(
    settings: Settings, authorised: datetime, ends: datetime
) -> None:
    store(settings, authorised_at=authorised)
    assert sign_in_ends(settings, "me") == ends
    assert sign_in_ends(settings, "nobody") is None


def test_from_fourteen_days_before_the_end_there_is_a_warning(settings: Settings) -> None:
    store(settings)
    ends = sign_in_ends(settings, "me")
    assert ends is not None

    def warned(before: timedelta) -> str | None:
        return sign_in_warning(settings, "me", ends - before)

    assert warned(timedelta(days=14, seconds=1)) is None
    assert "ends in 14 days (2027-02-28)" in (warned(timedelta(days=14)) or "")
    assert "within two days" in (warned(timedelta(hours=30)) or "")
    assert "has ended" in (warned(timedelta(days=-3)) or "")
    assert "login --listener me" in (warned(timedelta(days=-3)) or "")


def test_nothing_that_is_shown_holds_a_secret(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(
        spotify_refresh_token=SecretStr("a-refresh-token"),
        spotify_client_secret=SecretStr("a-secret"),
    )
    shown = f"{settings!r} {settings} {some_sign_in()!r} {App('app', 'a-secret')!r}"
    assert "a-refresh-token" not in shown
    assert "an-access-token" not in shown
    assert "a-secret" not in shown

    monkeypatch.setenv("MAX_CALLS", "a-secret")
    with pytest.raises(UserError, match="MAX_CALLS") as told:
        load_settings()
    assert "a-secret" not in f"{told.value} {told.value.__cause__}"


def test_tokens_are_never_kept_inside_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTIFY_TOKENS", str(PROJECT_ROOT / "data" / "tokens.json"))
    with pytest.raises(UserError, match="outside the project"):
        load_settings()


def test_settings_are_read_and_refused_as_they_are_documented(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLLECT_LIMITS", "frugal")
    monkeypatch.setenv("TOP_LIMIT", "5")
    limits = load_settings().limits
    assert (limits.playlists, limits.playlist_tracks, limits.plays, limits.top) == (20, 100, 50, 5)

    for name, value in [
        ("SPOTIFY_REDIRECT_URI", "http://localhost:8888/callback"),
        ("SPOTIFY_API_URL", "api.spotify.com"),
        ("REQUESTS_PER_MINUTE", "-1"),
    ]:
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            with pytest.raises(UserError, match=name):
                load_settings()


@pytest.fixture(autouse=True)
def _logs_reach_caplog(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
