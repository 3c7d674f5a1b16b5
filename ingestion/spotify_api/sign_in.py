"""Signing in: once in the browser, then by refreshing, until Spotify lets the sign-in die.

The authorization code comes with PKCE, or with the app's secret where there is one. spotipy's
auth managers word the requests to Spotify's accounts service; nothing here lets them read input
or open a browser by themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import requests
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth, SpotifyPKCE

from ingestion.settings import Settings
from ingestion.spotify_api.errors import SignInNeeded
from ingestion.spotify_api.tokens import App, SignIn, app_of
from ingestion.spotify_api.wire import Refused, Session

#: All that the collector reads; catalogue answers need none.
SCOPES = (
    "user-read-recently-played",
    "user-top-read",
    "user-library-read",
    "playlist-read-private",
    "playlist-read-collaborative",
    "user-follow-read",
)


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


def _why_void(sign_in: SignIn, now: datetime) -> str:
    if sign_in.ends_at and now >= sign_in.ends_at:
        return f"the sign-in has ended on {sign_in.ends_at:%Y-%m-%d}, after its six months"
    return "Spotify does not take the sign-in any more (revoked, or replaced elsewhere)"


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
        refresh_token=token["refresh_token"],
        scope=token.get("scope") or sign_in.scope,
        authorised_at=sign_in.authorised_at,
        access_token=token["access_token"],
        access_ends_at=now + timedelta(seconds=token["expires_in"]),
    )
