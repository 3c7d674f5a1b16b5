"""Who is signed in: the token file, or what the environment hands over in its place.

The file is JSON, readable by its owner alone, and holds the app and one sign-in per listener.
Refreshing a PKCE sign-in makes the old refresh token void, so whoever refreshes holds the file's
lock from reading the old token to storing the new one: of two runs, the second finds the fresh
access token of the first. A runner that keeps no disk could store none, and so gets the file's
content by environment, of sign-ins that refreshing leaves as they are: those made with a secret.
"""

from __future__ import annotations

import logging
import os
import tempfile
from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from ingestion.errors import UserError
from ingestion.locks import locked
from ingestion.settings import Settings

logger = logging.getLogger(__name__)

#: A refresh token dies this long after its owner authorised the app; refreshing does not prolong
#: it (Spotify, June 2026).
SIGN_IN_MONTHS: Final = 6

_WARN_BEFORE: Final = timedelta(days=14)

#: An access token is refreshed this long before its end, so that it does not end on the way.
_EARLY: Final = timedelta(seconds=60)


class App(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Spotify app of the user's own, made on Spotify's dashboard."""

    client_id: str
    client_secret: str | None = None

    def __repr__(self) -> str:
        """Without the secret: it may be shown in an error."""
        return f"App({self.client_id})"


class SignIn(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a listener's authorisation gave us.

    Attributes:
        client_id: the app's; a refresh token is of use to that app alone.
        uses_secret: made with the app's secret, and so refreshed with it; else PKCE.
        scope: what Spotify granted, separated by spaces; empty when it is not known.
        authorised_at: aware UTC; None when it is not known.
        access_token: the latest one, good until `access_ends_at` (aware UTC).
    """

    client_id: str
    uses_secret: bool
    refresh_token: str
    scope: str = ""
    authorised_at: datetime | None = None
    access_token: str | None = None
    access_ends_at: datetime | None = None

    def __repr__(self) -> str:
        """Without the tokens: it may be shown in an error."""
        return f"SignIn({self.client_id}, authorised_at={self.authorised_at})"

    @property
    def ends_at(self) -> datetime | None:
        """When Spotify lets it die, aware UTC; None when it is not known."""
        return _months_after(self.authorised_at, SIGN_IN_MONTHS) if self.authorised_at else None

    def has_access(self, now: datetime) -> bool:
        """Whether the access token can be used without refreshing."""
        return self.access_ends_at is not None and now < self.access_ends_at - _EARLY


class Tokens(msgspec.Struct, omit_defaults=True):
    """What the token file holds."""

    app: App | None = None
    listeners: dict[str, SignIn] = {}


class TokenFile:
    """The token file at `path`; made when something is stored."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # behind a link the file itself is replaced

    def read(self) -> Tokens:
        """What it holds; nothing when there is none.

        Raises:
            UserError: it cannot be read or is no token file.
        """
        try:
            self._tighten()
            return msgspec.json.decode(self.path.read_bytes(), type=Tokens)
        except FileNotFoundError:
            return Tokens()
        except OSError as error:
            raise UserError(f"cannot read the sign-ins: {error}") from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            # from None: the text around the fault may be a token
            raise UserError(
                f"{self.path} is damaged: remove it and sign in again: spotify-elt login"
            ) from None

    @contextmanager
    def changing(self) -> Iterator[Tokens]:
        """What it holds, to be changed; stored at the end, before anyone else can read it.

        An exception inside leaves the file as it was.

        Raises:
            UserError: it cannot be read or written.
        """
        with self._lock():
            tokens = self.read()
            yield tokens
            try:
                self._write(msgspec.json.format(msgspec.json.encode(tokens)))
            except OSError as error:
                raise UserError(f"cannot store the sign-in: {error}") from error

    def _tighten(self) -> None:
        mode = self.path.stat().st_mode
        if os.name == "posix" and mode & 0o077:
            self.path.chmod(0o600)
            logger.warning("%s could be read by others; now it is yours alone", self.path)

    def _write(self, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        unfinished = Path(name)  # mkstemp gives 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self.path)
        finally:
            unfinished.unlink(missing_ok=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with ExitStack() as held:
            try:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                held.enter_context(locked(self.path.with_name(f"{self.path.name}.lock")))
            except OSError as error:
                raise UserError(f"cannot store the sign-in: {error}") from error
            yield


def app_of(settings: Settings) -> App | None:
    """The app to sign in with: the configured one, else the one that was kept.

    Raises:
        UserError: the token file cannot be read.
    """
    kept = _kept(settings).app
    client_id = settings.spotify_client_id or (kept.client_id if kept else None)
    if client_id is None:
        return None
    if settings.spotify_client_secret:
        return App(client_id, settings.spotify_client_secret.get_secret_value())
    if kept and kept.client_id == client_id:
        return kept
    return App(client_id)


def signed_in_listeners(settings: Settings) -> list[str]:
    """Everybody whose Spotify account can be asked, by name.

    Raises:
        UserError: the token file cannot be read.
    """
    listeners = set(_kept(settings).listeners)
    if settings.spotify_refresh_token:
        listeners.add(settings.listener)
    return sorted(listeners)


def sign_in_of(settings: Settings, listener: str) -> SignIn | None:
    """The listener's sign-in: from the environment, else from the file; None without one.

    Raises:
        UserError: the token file cannot be read, or what the environment gives is of no use.
    """
    given = _handed_over(settings, listener)
    if given:
        return _in_memory.get(given.refresh_token, given)
    return _kept(settings).listeners.get(listener)


def sign_out(settings: Settings, listener: str) -> bool:
    """Forget the sign-in that the file holds, and keep the app; say whether there was one.

    Raises:
        UserError: the token file cannot be read or written.
    """
    file = TokenFile(settings.spotify_tokens)
    if listener not in file.read().listeners:
        return False
    with file.changing() as tokens:
        return tokens.listeners.pop(listener, None) is not None


def renew_sign_in(
    settings: Settings, listener: str, renewed: Callable[[SignIn], SignIn]
) -> SignIn | None:
    """Replace the listener's sign-in by what `renewed` makes of the one stored last.

    Args:
        settings: of this run.
        listener: whose.
        renewed: gets the sign-in as it is now, which another run may have renewed already; what
            it raises leaves everything as it was.

    Returns:
        The sign-in as it is stored now; None when the listener has none.

    Raises:
        UserError: the token file cannot be read or written.
    """
    given = _handed_over(settings, listener)
    if given:
        return _renew_in_memory(settings, given, renewed)
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        if listener not in tokens.listeners:
            return None
        tokens.listeners[listener] = renewed(tokens.listeners[listener])
        return tokens.listeners[listener]


def sign_in_id(settings: Settings, listener: str) -> str:
    """What tells a listener's sign-in from their next one; no secret; empty without one.

    Raises:
        UserError: the token file cannot be read.
    """
    if settings.spotify_refresh_token and listener == settings.listener:
        token = settings.spotify_refresh_token.get_secret_value()
        return sha256(token.encode()).hexdigest()[:16]
    sign_in = sign_in_of(settings, listener)
    return sign_in.authorised_at.isoformat() if sign_in and sign_in.authorised_at else ""


def sign_in_ends(settings: Settings, listener: str) -> datetime | None:
    """When the listener must have signed in again, aware UTC; None when it is not known.

    Raises:
        UserError: the token file cannot be read.
    """
    sign_in = sign_in_of(settings, listener)
    return sign_in.ends_at if sign_in else None


def sign_in_warning(settings: Settings, listener: str, now: datetime) -> str | None:
    """One line from 14 days before the sign-in's end, else None.

    Raises:
        UserError: the token file cannot be read.
    """
    ends_at = sign_in_ends(settings, listener)
    if ends_at is None or now < ends_at - _WARN_BEFORE:
        return None
    days = (ends_at - now).days
    when = f"ends in {days} days" if days > 1 else "ends within two days"
    return (
        f"{listener}: the sign-in {when if now < ends_at else 'has ended'} ({ends_at:%Y-%m-%d}),"
        f" sign in again: spotify-elt login --listener {listener}"
    )


#: What became of refresh tokens given by environment, which this process alone can know.
_in_memory: dict[str, SignIn] = {}


def _kept(settings: Settings) -> Tokens:
    """What the environment hands over in place of the token file, else what the file holds."""
    if settings.spotify_tokens_json is None:
        return TokenFile(settings.spotify_tokens).read()
    try:
        given = settings.spotify_tokens_json.get_secret_value()
        tokens = msgspec.json.decode(given, type=Tokens)
    except msgspec.DecodeError:
        # from None: the text around the fault may be a token
        raise UserError("SPOTIFY_TOKENS_JSON is not the content of a token file") from None
    for listener, sign_in in sorted(tokens.listeners.items()):
        if not sign_in.uses_secret:
            raise UserError(
                f"SPOTIFY_TOKENS_JSON: the sign-in of {listener} was made without the app's secret,"
                " and to use it once makes it void: sign in with the secret, docs/deploy.md"
            )
    return tokens


def _handed_over(settings: Settings, listener: str) -> SignIn | None:
    """The listener's sign-in as the environment gives it; None if it gives none."""
    token = settings.spotify_refresh_token
    if token is None or listener != settings.listener:
        return _kept(settings).listeners.get(listener) if settings.spotify_tokens_json else None
    app = app_of(settings)
    if app is None:
        raise UserError("SPOTIFY_REFRESH_TOKEN is of no use without its SPOTIFY_CLIENT_ID")
    return SignIn(
        client_id=app.client_id,
        uses_secret=app.client_secret is not None,
        refresh_token=token.get_secret_value(),
    )


def _renew_in_memory(
    settings: Settings, given: SignIn, renewed: Callable[[SignIn], SignIn]
) -> SignIn:
    current = _in_memory.get(given.refresh_token, given)
    latest = _in_memory[given.refresh_token] = renewed(current)
    if current.refresh_token == given.refresh_token != latest.refresh_token:
        logger.warning(
            "Spotify has replaced %s, which the next process cannot know:"
            " use an app with SPOTIFY_CLIENT_SECRET, or the token file",
            "SPOTIFY_REFRESH_TOKEN"
            if settings.spotify_refresh_token
            else "a token of SPOTIFY_TOKENS_JSON",
        )
    return latest


def _months_after(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
