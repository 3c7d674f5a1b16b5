"""What can go wrong between us and Spotify, named for what the collector does about it.

Each is one line on the terminal. The names tell a state, not a defect, hence no `…Error`.
"""
# ruff: noqa: N818

from __future__ import annotations

from datetime import datetime
from typing import Final

from ingestion.errors import UserError

#: The cure where Spotify gives an account nothing.
WHO_MAY_ASK: Final = (
    "the app's owner needs Premium and must add this account under User Management on the dashboard"
)


class SpotifyError(UserError):
    """Spotify answered in a way that nothing was made for; also the base of the others."""


class Forbidden(SpotifyError):
    """Not for this app or this listener (403), or not at all: note it, go on with the rest."""

    def __init__(self, endpoint: str, message: str, status: int = 403) -> None:
        super().__init__(f"Spotify does not give {endpoint}: {message}")
        self.endpoint = endpoint
        self.status = status


class ScopeMissing(SpotifyError):
    """The listener did not allow this when they signed in: go on with what they did allow."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"the sign-in does not allow to ask for {endpoint}")
        self.endpoint = endpoint


class NotFound(SpotifyError):
    """There is no such thing (404), or no such id (400)."""

    def __init__(self, endpoint: str, message: str) -> None:
        super().__init__(f"Spotify has no such {endpoint}: {message}")
        self.endpoint = endpoint


class BadRequest(SpotifyError):
    """Spotify does not take the request as it is (400 and other 4xx): note it, go on."""

    def __init__(self, endpoint: str, message: str, status: int) -> None:
        super().__init__(f"Spotify refuses {endpoint}: {status}: {message}")
        self.endpoint = endpoint
        self.status = status


class TryLater(SpotifyError):
    """The rate limit or the day's quota: no call is of use before `until`, aware UTC."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(
            f"Spotify answers no more calls before {until:%Y-%m-%d %H:%M} UTC ({reason})"
        )
        self.until = until
        self.reason = reason


class BudgetSpent(SpotifyError):
    """The run has made the calls it may make; raised before the one too many."""


class SignInNeeded(SpotifyError):
    """Only the listener can help: `spotify-elt login`."""

    def __init__(self, listener: str, reason: str) -> None:
        super().__init__(f"{listener}: {reason}; sign in: spotify-elt login --listener {listener}")
        self.listener = listener


class NoAccess(SpotifyError):
    """Spotify gives no access token, for a reason that a new sign-in need not mend."""


class Busy(UserError):
    """Another process is collecting for the listener into the same warehouse."""

    def __init__(self, listener: str) -> None:
        super().__init__(
            f"{listener}: another run is asking Spotify for this listener; let it end or stop it,"
            " then try again"
        )


class Unavailable(SpotifyError):
    """Spotify or the network is down: the last of several tries failed."""
