"""Signing in: once in the browser, then by refreshing, until Spotify lets the sign-in die.

The authorization code comes with PKCE, or with the app's secret where there is one. spotipy's
auth managers word the requests to Spotify's accounts service; nothing here lets them read input
or open a browser by themselves.
"""

from __future__ import annotations

import queue
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyPKCE

from ingestion.errors import UserError
from ingestion.settings import Settings
from ingestion.spotify_api.errors import SignInNeeded, SpotifyError, Unavailable
from ingestion.spotify_api.tokens import App, SignIn, app_of
from ingestion.spotify_api.wire import Refused, Session, in_short

#: Without which of them Spotify refuses what a poll asks for; the rest needs none.
_SCOPE_OF: Final = {
    "recently_played": "user-read-recently-played",
    "top_tracks": "user-top-read",
    "top_artists": "user-top-read",
    "saved_tracks": "user-library-read",
    "saved_albums": "user-library-read",
    "saved_shows": "user-library-read",
    "saved_episodes": "user-library-read",
    "playlists": "playlist-read-private",
    "followed_artists": "user-follow-read",
}

#: All that a sign-in asks for; without the last, Spotify says nothing and leaves playlists out.
SCOPES: Final = (*dict.fromkeys(_SCOPE_OF.values()), "playlist-read-collaborative")

_PAGE: Final = b"""<!doctype html><meta charset="utf-8"><title>spotify-elt</title>
<p>spotify-elt has Spotify's answer. You can close this page and go back to the terminal."""


class WrongAnswer(UserError):  # noqa: N818 - as in errors.py
    """What came back belongs to no sign-in, or to another one; the right one may still come."""


class Authorisation:
    """One sign-in under way: an address to open, and what to do with the answer.

    Args:
        settings: of this run.
        app: to sign in with.
        choose_account: have Spotify ask, even if somebody is logged in there and agreed before.

    Attributes:
        address: of the page on which the listener agrees.
    """

    def __init__(self, settings: Settings, app: App, *, choose_account: bool = False) -> None:
        self._settings = settings
        self._app = app
        self._state = secrets.token_urlsafe(16)
        session = Session(settings.spotify_accounts_url)
        self._manager = _manager(settings, app, session, self._state)
        self.address: str = self._manager.get_authorize_url()
        if choose_account:
            self.address += "&show_dialog=true"

    def complete(self, answer: str, now: datetime) -> SignIn:
        """Exchange the answer for a sign-in.

        Args:
            answer: the address that Spotify sent the browser to.
            now: aware UTC; the sign-in's six months count from here.

        Raises:
            WrongAnswer: the answer is not to this authorisation.
            SpotifyError: the listener did not agree, or Spotify refuses the app or the code.
            Unavailable: Spotify's accounts service does not answer.
        """
        code = self._code(answer)
        try:
            self._manager.get_access_token(code, check_cache=False, **self._as_text())
        except Refused as refused:
            raise SpotifyError(
                self._without_secrets(_why_refused(refused, self._app), code)
            ) from None
        except requests.RequestException as error:
            raise Unavailable(f"Spotify's accounts service: {in_short(error)}") from error
        except (KeyError, TypeError) as error:  # it is JSON, and no token
            raise Unavailable("Spotify's accounts service: the answer holds no token") from error
        token = self._manager.cache_handler.get_cached_token()
        blank = SignIn(
            client_id=self._app.client_id,
            uses_secret=self._app.client_secret is not None,
            refresh_token="",
            authorised_at=now,
        )
        return _with_token(blank, token, now)

    def _code(self, answer: str) -> str:
        fields = parse_qs(urlsplit(answer.strip()).query)
        state, code, error = (fields.get(name, [""])[0] for name in ("state", "code", "error"))
        if not code and not error:
            raise WrongAnswer(
                f"that is not the address: it begins with {self._settings.spotify_redirect_uri}?"
            )
        if not secrets.compare_digest(state.encode(), self._state.encode()):
            raise WrongAnswer("that answer is to another sign-in: its `state` is not ours")
        if error == "access_denied":
            raise SpotifyError("you did not agree, so there is no sign-in")
        if error:
            raise SpotifyError(f"Spotify refuses the sign-in: {error}")
        return code

    def _without_secrets(self, text: str, code: str) -> str:
        verifier = getattr(self._manager, "code_verifier", None)
        return without(text, code, verifier, self._app.client_secret)

    def _as_text(self) -> dict[str, bool]:
        # the one manager warns unless it is told to hand out text, the other knows nothing else
        return {"as_dict": False} if self._app.client_secret else {}


@contextmanager
def answers_at(redirect_uri: str) -> Iterator[queue.Queue[str]]:
    """A web server at the redirect address; puts the addresses of answers into the queue.

    Raises:
        UserError: the port is in use or not ours to use.
    """
    address = urlsplit(redirect_uri)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    answers: queue.Queue[str] = queue.Queue()

    class Page(BaseHTTPRequestHandler):
        timeout = 10  # browsers open connections that they then say nothing on

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            is_answer = asked.path == address.path and {"code", "error"} & set(
                parse_qs(asked.query)
            )
            self.send_response(200 if is_answer else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if is_answer:
                self.wfile.write(_PAGE)
                answers.put(self.path)

        def log_message(self, *_: object) -> None:
            """Say nothing: the path holds the code."""

    try:
        server = (_ServerOnIPv6 if ":" in host else _Server)((host, port), Page)
    except OSError as error:
        raise UserError(
            f"cannot listen on port {port} for Spotify's answer ({error.strerror}): free it, or set"
            " SPOTIFY_REDIRECT_URI to another port and list that in the app, or use --no-browser"
        ) from error
    with server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield answers
        finally:
            server.shutdown()


def is_here(redirect_uri: str) -> bool:
    """Whether a browser on this machine can be caught at the redirect address."""
    address = urlsplit(redirect_uri)
    return address.scheme == "http" and address.hostname in {"127.0.0.1", "::1"}


def scope_of(section: str) -> str:
    """The scope that a section of a poll needs; its own name where none is known."""
    return _SCOPE_OF.get(section, section)


def lack_in_words(listener: str, scopes: list[str]) -> str:
    """One line about scopes that a sign-in lacks, with the cure."""
    return (
        f"{listener}: the sign-in does not allow {', '.join(scopes)}, so that is not collected;"
        f" sign in again and agree: spotify-elt login --listener {listener}"
    )


def missing_scopes(granted: str) -> list[str]:
    """The scopes that the collector reads by and `granted` lacks; none if it is not known."""
    return sorted(set(SCOPES) - set(granted.split())) if granted else []


def refreshed(
    settings: Settings, listener: str, sign_in: SignIn, session: Session, now: datetime
) -> SignIn:
    """The sign-in with a new access token, and with a new refresh token where Spotify sent one.

    Args:
        settings: of this run.
        listener: whose sign-in it is, for messages.
        sign_in: as it is stored.
        session: to Spotify's accounts service.
        now: aware UTC.

    Raises:
        SignInNeeded: Spotify does not take the refresh token any more, or not from this app.
        Refused: any other refusal.
        requests.RequestException: there is no answer.
    """
    app = App(sign_in.client_id, _secret(settings, listener, sign_in))
    try:
        token = _manager(settings, app, session).refresh_access_token(sign_in.refresh_token)
    except Refused as refused:
        if refused.reason == "invalid_grant":
            raise SignInNeeded(listener, _why_void(sign_in, now)) from refused
        if refused.reason == "invalid_client":
            raise SignInNeeded(
                listener, f"Spotify does not know the app {app.client_id} or its secret"
            ) from refused
        raise
    except (KeyError, TypeError) as error:  # it is JSON, and no token
        raise requests.RequestException("the answer holds no token") from error
    return _with_token(sign_in, token, now)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _ServerOnIPv6(_Server):
    address_family = socket.AF_INET6


def _why_refused(refused: Refused, app: App) -> str:
    if refused.reason == "invalid_client":
        return f"Spotify does not know the app {app.client_id}, or its secret is another"
    if refused.reason == "invalid_grant":
        return f"Spotify does not take the answer ({refused.message}): try again"
    return f"Spotify refuses the sign-in: {refused}"


def without(text: str, *secrets: str | None) -> str:
    """A text of the accounts service's, which may name what it was sent, without that."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return text


def _why_void(sign_in: SignIn, now: datetime) -> str:
    if sign_in.ends_at and now >= sign_in.ends_at:
        return f"the sign-in has ended on {sign_in.ends_at:%Y-%m-%d}, after its six months"
    return (
        "Spotify does not take the sign-in any more (revoked, or renewed elsewhere or by a run that"
        " was killed before it could store the new one)"
    )


def _secret(settings: Settings, listener: str, sign_in: SignIn) -> str | None:
    if not sign_in.uses_secret:
        return None
    app = app_of(settings)
    if app is None or app.client_id != sign_in.client_id or app.client_secret is None:
        raise SignInNeeded(
            listener, f"SPOTIFY_CLIENT_SECRET of the app {sign_in.client_id} is missing"
        )
    return app.client_secret


def _manager(settings: Settings, app: App, session: Session, state: str | None = None) -> Any:
    options = {
        "client_id": app.client_id,
        "redirect_uri": settings.spotify_redirect_uri,
        "scope": list(SCOPES),
        "state": state,
        "requests_session": session,
        "requests_timeout": settings.request_timeout_seconds,
        "open_browser": False,
        "cache_handler": MemoryCacheHandler(),  # its own default is a file in the working folder
    }
    if app.client_secret:
        manager = SpotifyOAuth(client_secret=app.client_secret, **options)
    else:
        manager = SpotifyPKCE(**options)
    manager.OAUTH_AUTHORIZE_URL = f"{settings.spotify_accounts_url}/authorize"
    manager.OAUTH_TOKEN_URL = f"{settings.spotify_accounts_url}/api/token"
    return manager


def _with_token(sign_in: SignIn, token: dict[str, Any], now: datetime) -> SignIn:
    return SignIn(
        client_id=sign_in.client_id,
        uses_secret=sign_in.uses_secret,
        refresh_token=token.get("refresh_token") or sign_in.refresh_token,
        scope=token.get("scope") or sign_in.scope,
        authorised_at=sign_in.authorised_at,
        access_token=token["access_token"],
        access_ends_at=now + timedelta(seconds=token["expires_in"]),
    )
