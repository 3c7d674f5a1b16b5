"""What the client makes of whatever Spotify and the network do."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.client import (
    BadRequest,
    BudgetSpent,
    Forbidden,
    NoAccess,
    NotFound,
    ScopeMissing,
    SignInNeeded,
    SpotifyClient,
    SpotifyError,
    SystemClock,
    TryLater,
    Unavailable,
    open_client,
)
from ingestion.spotify_api.tokens import SignIn, TokenFile
from simulator.web_api import FaultKind, Service
from tests.programs import own_certificate
from tests.spotify_api.conftest import SharedClock, asked, profile, refreshes


def test_a_call_returns_what_spotify_said_and_is_counted(
    client: SpotifyClient, service: Service
) -> None:
    me = client.call("profile", profile)
    client.call("recently_played", lambda spotify: spotify.current_user_recently_played())

    assert me["display_name"] == "Example me"
    assert client.calls == 2 == len(asked(service))
    assert client.calls_by_endpoint == {"profile": 1, "recently_played": 1}
    assert client.retries == 0
    assert client.waited_seconds == 0


def test_one_access_token_serves_all_calls_and_the_next_run(
    client: SpotifyClient, service: Service, settings: Settings, clock: SharedClock
) -> None:
    for _ in range(3):
        client.call("profile", profile)
    open_client(settings, "me", budget=1, clock=clock).call("profile", profile)
    assert refreshes(service) == 1

    service.clock.advance(timedelta(minutes=59, seconds=30))
    client.call("profile", profile)
    assert refreshes(service) == 2
    assert 401 not in asked(service), "the token was used until it was refused"


@pytest.mark.parametrize("kind", ["server_error", "cut", "malformed", "slow"])
def test_a_passing_failure_is_retried_and_counted(
    client: SpotifyClient, service: Service, clock: SharedClock, kind: FaultKind
) -> None:
    service.faults.next(kind, delay_seconds=2.5)

    assert client.call("profile", profile)["id"]

    assert client.calls == len(asked(service)) == 2
    assert client.retries == 1
    assert 1 <= client.waited_seconds == sum(clock.slept) <= 2


@pytest.mark.parametrize("kind", ["server_error", "cut", "malformed"])
def test_a_failure_that_stays_is_given_up_after_three_retries(
    client: SpotifyClient, service: Service, clock: SharedClock, kind: FaultKind
) -> None:
    service.faults.next(kind, times=None)

    with pytest.raises(Unavailable, match="profile"):
        client.call("profile", profile)

    assert client.calls == len(asked(service)) == 4
    assert client.retries == 3
    assert clock.slept == sorted(clock.slept), "it does not back off"
    assert 7 <= sum(clock.slept) <= 14


def test_a_network_that_is_down_is_unavailable(
    make_settings: Callable[..., Settings], sign_in: Callable[..., SignIn], clock: SharedClock
) -> None:
    sign_in()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    settings = make_settings(spotify_accounts_url=f"http://127.0.0.1:{port}")

    with pytest.raises(Unavailable, match="no connection"):
        open_client(settings, "me", budget=9, clock=clock).call("profile", profile)


def test_a_short_rate_limit_is_waited_out(
    client: SpotifyClient, service: Service, clock: SharedClock
) -> None:
    service.faults.next("rate_limited", retry_after=42)

    assert client.call("profile", profile)["id"]
    assert clock.slept == [42]
    assert client.waited_seconds == 42


def test_a_rate_limit_that_does_not_end_is_for_a_later_run(
    client: SpotifyClient, service: Service
) -> None:
    service.faults.next("rate_limited", times=None, retry_after=3)

    with pytest.raises(TryLater) as told:
        client.call("profile", profile)
    assert client.calls == 4
    assert told.value.until > service.clock.now


def test_a_day_long_rate_limit_is_never_slept(
    client: SpotifyClient, service: Service, clock: SharedClock
) -> None:
    service.faults.next("rate_limited_for_a_day", retry_after=50_123)

    with pytest.raises(TryLater, match=r"before .* UTC") as told:
        client.call("profile", profile)
    assert told.value.until == service.clock.now + timedelta(seconds=50_123)
    assert clock.slept == []
    assert client.calls == 1


def test_a_spent_quota_is_not_retried(client: SpotifyClient, service: Service) -> None:
    service.faults.next("quota_exceeded")

    with pytest.raises(TryLater) as told:
        client.call("profile", profile)
    assert told.value.reason == "quota"
    assert told.value.until == service.clock.now + timedelta(hours=1)
    assert client.calls == 1


def test_a_token_that_is_refused_is_refreshed_once(client: SpotifyClient, service: Service) -> None:
    client.call("profile", profile)
    service.faults.next("expired_token")

    assert client.call("profile", profile)["id"]
    assert asked(service) == [200, 401, 200]
    assert refreshes(service) == 2
    assert client.retries == 1


def test_a_token_that_is_refused_again_needs_its_owner(
    client: SpotifyClient, service: Service
) -> None:
    service.faults.next("expired_token", times=2)

    with pytest.raises(SignInNeeded, match="spotify-elt login --listener me"):
        client.call("profile", profile)
    assert asked(service) == [401, 401]


def test_a_revoked_sign_in_is_one_line_and_not_retried(
    client: SpotifyClient, service: Service
) -> None:
    client.call("profile", profile)
    service.revoke()

    with pytest.raises(SignInNeeded, match="revoked") as told:
        client.call("profile", profile)
    assert "\n" not in str(told.value)
    assert asked(service) == [200, 401]
    assert refreshes(service) == 2


def test_a_sign_in_dies_after_six_months(
    client: SpotifyClient, service: Service, settings: Settings, clock: SharedClock
) -> None:
    client.call("profile", profile)
    service.clock.advance(timedelta(days=190))

    with pytest.raises(SignInNeeded, match="after its six months"):
        open_client(settings, "me", budget=9, clock=clock).call("profile", profile)


def test_nobody_is_signed_in(settings: Settings) -> None:
    with pytest.raises(SignInNeeded, match="no sign-in yet"):
        open_client(settings, "me", budget=1)


def test_a_sign_out_during_a_run_is_noticed(
    client: SpotifyClient, settings: Settings, service: Service
) -> None:
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        tokens.listeners.clear()

    with pytest.raises(SignInNeeded, match="removed"):
        client.call("profile", profile)
    assert service.calls == []


def test_a_scope_that_was_not_granted_is_told_from_other_refusals(
    settings: Settings, sign_in: Callable[..., SignIn], clock: SharedClock
) -> None:
    sign_in(scopes={"user-read-recently-played"})
    client = open_client(settings, "me", budget=9, clock=clock)

    client.call("recently_played", lambda spotify: spotify.current_user_recently_played())
    with pytest.raises(ScopeMissing) as told:
        client.call("top_tracks", lambda spotify: spotify.current_user_top_tracks())
    assert told.value.endpoint == "top_tracks"


def test_what_the_app_may_not_ask_is_forbidden_and_named(
    client: SpotifyClient, service: Service
) -> None:
    some_id = service.shown_plays(service.clock.now - timedelta(days=30), service.clock.now)[0][1]

    with pytest.raises(Forbidden) as told:
        client.call("tracks", lambda spotify: spotify.tracks([some_id]))
    assert told.value.endpoint == "tracks"
    assert client.calls == 1


@pytest.mark.parametrize("track_id", ["0" * 22, "no id at all", "spotify:album:xyz"])
def test_what_does_not_exist_is_not_found(client: SpotifyClient, track_id: str) -> None:
    with pytest.raises(NotFound):
        client.call("track", lambda spotify: spotify.track(track_id))
    assert client.calls <= 1


def test_the_budget_counts_retries_and_stops_before_the_call_too_many(
    settings: Settings, sign_in: Callable[..., SignIn], service: Service, clock: SharedClock
) -> None:
    sign_in()
    client = open_client(settings, "me", budget=3, clock=clock)
    client.call("profile", profile)
    service.faults.next("server_error", times=None)

    with pytest.raises(BudgetSpent, match="3 calls"):
        client.call("profile", profile)
    with pytest.raises(BudgetSpent):
        client.call("profile", profile)
    assert client.calls == len(asked(service)) == 3
    assert client.retries == 1


def test_the_pace_lets_a_small_poll_through_and_holds_a_long_run(
    make_settings: Callable[..., Settings], sign_in: Callable[..., SignIn], clock: SharedClock
) -> None:
    sign_in()
    client = open_client(make_settings(requests_per_minute=30), "me", budget=99, clock=clock)
    for _ in range(10):
        client.call("profile", profile)
    assert clock.slept == []

    start = clock.now()
    for _ in range(20):
        client.call("profile", profile)
    assert (clock.now() - start).total_seconds() == pytest.approx(40, abs=2)
    assert client.waited_seconds == 0, "pacing is not Spotify's doing"


def test_a_clock_that_is_set_back_does_not_stop_a_run(
    make_settings: Callable[..., Settings],
    sign_in: Callable[..., SignIn],
    clock: SharedClock,
    service: Service,
) -> None:
    sign_in()
    client = open_client(make_settings(requests_per_minute=30), "me", budget=99, clock=clock)
    client.call("profile", profile)
    service.clock.advance(timedelta(hours=-1))

    client.call("profile", profile)
    assert sum(clock.slept) <= 2


def test_what_sleep_raises_ends_the_call(
    settings: Settings, sign_in: Callable[..., SignIn], service: Service
) -> None:
    class Stopped(Exception):  # noqa: N818
        pass

    class StoppingClock(SharedClock):
        def sleep(self, seconds: float) -> None:  # noqa: ARG002
            raise Stopped

    sign_in()
    client = open_client(settings, "me", budget=9, clock=StoppingClock(service))
    service.faults.next("rate_limited", retry_after=60)

    with pytest.raises(Stopped):
        client.call("profile", profile)
    assert client.calls == 1


def test_a_failure_of_the_accounts_service_is_retried_too(
    client: SpotifyClient, service: Service
) -> None:
    service.faults.next("server_error", paths="/api/token")

    assert client.call("profile", profile)["id"]
    assert client.calls == 1
    assert client.waited_seconds >= 1


def test_our_own_clock_keeps_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_retry_is_told_in_the_log(
    client: SpotifyClient, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.faults.next("server_error", status=502)
    with caplog.at_level(logging.INFO, logger="ingestion"):
        client.call("profile", profile)
    assert any("profile: 502" in message for message in caplog.messages)


def test_a_netrc_does_not_replace_the_token(
    client: SpotifyClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert client.call("profile", profile)["id"]


@contextmanager
def answering(
    status: int, headers: dict[str, str], body: bytes, secured: ssl.SSLContext | None = None
) -> Iterator[str]:
    """A server that has one answer only; yields its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        if secured:
            server.socket = secured.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http{'s' if secured else ''}://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_proxy_of_the_environment_is_used_and_no_proxy_heeded(
    settings: Settings,
    sign_in: Callable[..., SignIn],
    clock: SharedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in()
    beyond = settings.model_copy(update={"spotify_api_url": "http://api.spotify.invalid/v1"})
    with answering(200, {}, b'{"id": "through the proxy"}') as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        client = open_client(beyond, "me", budget=9, clock=clock)
        assert client.call("profile", profile)["id"] == "through the proxy"

        monkeypatch.setenv("NO_PROXY", "127.0.0.1,api.spotify.invalid")
        client = open_client(beyond, "me", budget=9, clock=clock)
        with pytest.raises(Unavailable, match="no connection"):
            client.call("profile", profile)


def test_an_authority_of_the_environment_is_trusted_and_no_other(
    settings: Settings,
    sign_in: Callable[..., SignIn],
    clock: SharedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sign_in()
    secured, certificate = own_certificate(tmp_path)
    with answering(200, {}, b'{"id": "securely"}', secured) as address:
        over_tls = settings.model_copy(update={"spotify_api_url": address})
        client = open_client(over_tls, "me", budget=9, clock=clock)
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            client.call("profile", profile)

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        client = open_client(over_tls, "me", budget=9, clock=clock)
        assert client.call("profile", profile)["id"] == "securely"


def test_a_redirection_is_followed_and_takes_no_token_along(
    settings: Settings, sign_in: Callable[..., SignIn], clock: SharedClock, service: Service
) -> None:
    sign_in()
    elsewhere = f"{service.api_url}/me"
    with answering(307, {"Location": elsewhere}, b"") as address:
        moved = settings.model_copy(update={"spotify_api_url": address})
        with pytest.raises(SignInNeeded):
            open_client(moved, "me", budget=20, clock=clock).call("profile", profile)
    assert set(asked(service)) == {401}


def test_an_answer_is_not_written_out_for_a_log(client: SpotifyClient) -> None:
    answer = client.call("profile", profile)
    assert str(answer["id"]) not in repr(answer)


@pytest.mark.parametrize(
    ("status", "headers", "body", "error", "words"),
    [
        (403, {}, b'{"error": "forbidden"}', Forbidden, "forbidden"),
        (403, {}, b'{"error": null}', Forbidden, "403"),
        (403, {}, b'["no"]', Forbidden, "403"),
        (403, {}, b"<html>No</html>", Forbidden, "403"),
        (404, {}, b"", NotFound, "404"),
        (400, {}, b'{"error": {"message": "Invalid base62 id"}}', NotFound, "base62"),
        (400, {}, b'{"error": {"message": "Invalid limit"}}', BadRequest, "Invalid limit"),
        (429, {"Retry-After": "90"}, b"Too many requests", TryLater, "rate limit"),
        (429, {"Retry-After": "Tue, 01 Jan 2132 00:00:00 GMT"}, b"", TryLater, r"213[12]-"),
        (429, {"Retry-After": "soon"}, b"", TryLater, "rate limit"),
        (503, {"Retry-After": "5000"}, b"<html>", Unavailable, "503"),
        (200, {}, b"[]", Unavailable, "no JSON"),
        (200, {}, b"<html>", Unavailable, "no JSON"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip", Unavailable, "broke off"),
    ],
)
def test_whatever_an_answer_looks_like_it_is_named(
    settings: Settings,
    sign_in: Callable[..., SignIn],
    clock: SharedClock,
    service: Service,
    status: int,
    headers: dict[str, str],
    body: bytes,
    error: type[SpotifyError],
    words: str,
) -> None:
    service.clock.now = datetime.now(UTC)  # a Retry-After that is a date means the wall's clock
    sign_in()
    with answering(status, headers, body) as address:
        elsewhere = settings.model_copy(update={"spotify_api_url": address})
        with pytest.raises(error, match=words) as told:
            open_client(elsewhere, "me", budget=9, clock=clock).call("thing", profile)
    assert type(told.value) is error
    assert "\n" not in str(told.value)
    assert sum(clock.slept) <= 180


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"{}", Unavailable),
        (200, b"[]", Unavailable),
        (200, b"<html>", Unavailable),
        (502, b"<html>", Unavailable),
        (404, b"", NoAccess),
        (400, b'{"error": "invalid_client"}', SignInNeeded),
        (429, b"", TryLater),
    ],
)
def test_an_accounts_service_that_gives_no_token_is_named(
    settings: Settings,
    sign_in: Callable[..., SignIn],
    clock: SharedClock,
    status: int,
    body: bytes,
    error: type[SpotifyError],
) -> None:
    sign_in()
    before = settings.spotify_tokens.read_bytes()
    with answering(status, {}, body) as address:
        elsewhere = settings.model_copy(update={"spotify_accounts_url": address})
        with pytest.raises(error) as told:
            open_client(elsewhere, "me", budget=9, clock=clock).call("thing", profile)
    assert type(told.value) is error, "a thing that Spotify was not asked for is not missing"
    assert settings.spotify_tokens.read_bytes() == before


def test_a_refresh_token_that_is_null_leaves_the_old_one(
    settings: Settings, sign_in: Callable[..., SignIn], clock: SharedClock
) -> None:
    before = sign_in()
    body = b'{"access_token": "new", "refresh_token": null, "expires_in": 3600, "scope": null}'
    with answering(200, {}, body) as address:
        elsewhere = settings.model_copy(
            update={"spotify_accounts_url": address, "spotify_api_url": address}
        )
        open_client(elsewhere, "me", budget=9, clock=clock).call("thing", profile)
    kept = TokenFile(settings.spotify_tokens).read().listeners
    assert kept["me"].refresh_token == before.refresh_token
    assert kept["me"].access_token != before.access_token


def test_a_token_in_the_words_of_the_accounts_service_is_not_told(
    settings: Settings, sign_in: Callable[..., SignIn], clock: SharedClock
) -> None:
    token = sign_in().refresh_token
    body = f'{{"error": "invalid_request", "error_description": "{token} is malformed"}}'
    with answering(400, {}, body.encode()) as address:
        elsewhere = settings.model_copy(update={"spotify_accounts_url": address})
        with pytest.raises(NoAccess) as told:
            open_client(elsewhere, "me", budget=9, clock=clock).call("thing", profile)
    assert "is malformed" in str(told.value)
    assert token not in "".join(traceback.format_exception(told.value))
