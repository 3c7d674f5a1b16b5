"""One listener's way into the Web API: every call paced, counted, retried, and its failure named.

spotipy words the requests. It is given an access token and never an auth manager, because those
start a sign-in in the browser when no cached token fits, which would hang a scheduled run.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias

import requests
import spotipy
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from ingestion.settings import Settings
from ingestion.spotify_api.errors import (
    BadRequest,
    BudgetSpent,
    Forbidden,
    NoAccess,
    NotFound,
    ScopeMissing,
    SignInNeeded,
    SpotifyError,
    TryLater,
    Unavailable,
)
from ingestion.spotify_api.sign_in import refreshed, without
from ingestion.spotify_api.tokens import SignIn, app_of, renew_sign_in, sign_in_id, sign_in_of
from ingestion.spotify_api.wire import Refused, Session, in_short

__all__ = [
    "BadRequest",
    "BudgetSpent",
    "Clock",
    "Forbidden",
    "Json",
    "NoAccess",
    "NotFound",
    "ScopeMissing",
    "SignInNeeded",
    "SpotifyClient",
    "SpotifyError",
    "SystemClock",
    "TryLater",
    "Unavailable",
    "open_client",
]

logger = logging.getLogger(__name__)

Json: TypeAlias = dict[str, Any]
"""An answer of the Web API."""

#: The first try and three more.
_TRIES: Final = 4

#: A wait that Spotify asks for is waited out up to here; a day's quota asks for 50,000 s.
_LONGEST_WAIT: Final = timedelta(seconds=60)

#: Spotify does not say when a spent quota is given back. To ask each hour costs one call, and an
#: hour holds fewer plays than the 50 that are kept for us.
_QUOTA_WAIT: Final = timedelta(hours=1)

#: "Insufficient client scope" (403), and of the player "Permissions missing" (401).
_NO_SCOPE: Final = re.compile(r"\bscopes?\b|permissions? missing", re.IGNORECASE)

#: So many calls may go at once before the pace counts, so that a small poll need not wait.
_BURST: Final = 10


class Clock(Protocol):
    """The time, and how to let it pass; tests have their own."""

    def now(self) -> datetime:
        """Aware UTC."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds; may raise to stop the run."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)


class SpotifyClient:
    """One listener's way into the Web API. Get one from `open_client`.

    It remembers nothing between runs: after `TryLater`, who calls must not call before `until`.

    Attributes:
        listener: whose account it asks.
        sign_in_id: what tells the sign-in that it uses from the listener's next one.
        calls: requests made to the Web API, tries that failed among them.
        retries: those of them that repeated one before.
        waited_seconds: waited because Spotify or the network wanted it; pacing not counted.
        calls_by_endpoint: `calls`, by the name that was given.
    """

    def __init__(
        self,
        settings: Settings,
        sign_in: SignIn,
        listener: str,
        *,
        budget: int,
        clock: Clock,
    ) -> None:
        self.listener = listener
        self.sign_in_id = sign_in_id(settings, listener)
        self.calls = 0
        self.retries = 0
        self.waited_seconds = 0.0
        self.calls_by_endpoint: Counter[str] = Counter()
        self._settings = settings
        self._sign_in = sign_in
        self._budget = budget
        self._clock = clock
        self._pace = _Pace(settings.requests_per_minute, clock)
        self._endpoint = ""
        self._is_repeated = False
        self._session = Session(settings.spotify_api_url, before=self._before_request)
        self._accounts = Session(settings.spotify_accounts_url)
        self._spotify = spotipy.Spotify(
            auth=sign_in.access_token or "none yet",
            requests_session=self._session,
            requests_timeout=settings.request_timeout_seconds,
        )
        self._spotify.prefix = f"{settings.spotify_api_url}/"
        self._retrying = Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(_TRIES),
            wait=_wait,
            before_sleep=self._before_retry,
            sleep=clock.sleep,
            reraise=True,
        )

    @property
    def server_date(self) -> datetime | None:
        """What the Web API's clock said with its last answer, aware UTC."""
        return self._session.date

    @property
    def scope(self) -> str:
        """What the listener granted, separated by spaces; empty while it is not known."""
        return self._sign_in.scope

    def call(self, endpoint: str, ask: Callable[[Any], Json]) -> Json:
        """Make one call and return Spotify's answer as it came.

        Args:
            endpoint: what is asked for, as it is counted and named in messages.
            ask: gets the `spotipy.Spotify` and makes one request with it.

        Raises:
            BadRequest: Spotify does not take the request: 400 and other 4xx.
            BudgetSpent: the call would be one too many; it was not made.
            Forbidden: 403, or that it is not there any more, or not yet (405, 410, 501).
            NotFound: 404, or an id that cannot be one.
            TryLater: 429 with a long wait, or a spent quota.
            ScopeMissing: the listener did not allow this.
            SignInNeeded: the sign-in is void or revoked.
            Unavailable: no answer, or none that can be read, at the last try too.
            SpotifyError: any other refusal.
        """
        self._endpoint = endpoint
        self._is_repeated = False
        try:
            return self._retrying(self._try, ask)
        except _Passing as failure:
            if failure.is_rate_limit:
                raise TryLater(self._clock.now() + _LONGEST_WAIT, "rate limit") from failure
            raise Unavailable(f"Spotify does not answer {endpoint}: {failure}") from failure

    def _try(self, ask: Callable[[Any], Json]) -> Json:
        if not self._sign_in.has_access(self._clock.now()):
            self._renew()
        try:
            return self._ask(ask)
        except Refused as refused:
            if refused.status != 401:
                raise self._named(refused) from refused
            logger.info("%s: the access token is not accepted; refreshing it", self.listener)
        self._renew()
        try:
            return self._ask(ask)
        except Refused as refused:
            raise self._named(refused) from refused

    def _ask(self, ask: Callable[[Any], Json]) -> Json:
        self._spotify.set_auth(self._sign_in.access_token)
        try:
            answer = ask(self._spotify)
        except requests.RequestException as error:
            raise _Passing(in_short(error)) from error
        except spotipy.SpotifyException as error:  # spotipy itself refuses an id; nothing was sent
            raise NotFound(self._endpoint, str(error.msg)) from error
        if not isinstance(answer, dict):
            raise _Passing("the answer is no JSON")
        return answer

    def _renew(self) -> None:
        """Get an access token other than the one we have, from another run or from Spotify."""

        def renewed(current: SignIn) -> SignIn:
            is_other = current.access_token != self._sign_in.access_token
            if is_other and current.has_access(self._clock.now()):
                return current
            return refreshed(
                self._settings, self.listener, current, self._accounts, self._clock.now()
            )

        try:
            sign_in = renew_sign_in(self._settings, self.listener, renewed)
        except requests.RequestException as error:
            raise _Passing(in_short(error)) from error
        except Refused as refused:
            raise self._named_by_accounts(refused) from None  # its words may hold a token
        if sign_in is None:
            raise SignInNeeded(self.listener, "the sign-in was removed")
        self._sign_in = sign_in

    def _named_by_accounts(self, refused: Refused) -> Exception:
        """Why there is no access token, by its own name."""
        if refused.status == 429:
            return self._rate_limited(refused)
        if refused.status >= 500:
            return _Passing(self._without_tokens(str(refused)), refused.retry_after)
        return NoAccess(
            self._without_tokens(
                f"{self.listener}: Spotify refuses to refresh the sign-in: {refused}"
            )
        )

    def _without_tokens(self, text: str) -> str:
        """A message of Spotify's, which may name what it was sent, without the sign-in's tokens."""
        app = app_of(self._settings)
        return without(
            text,
            self._sign_in.access_token,
            self._sign_in.refresh_token,
            app.client_secret if app else None,
        )

    def _named(self, refused: Refused) -> Exception:
        """Why the Web API gives nothing, by its own name."""
        message = self._without_tokens(refused.message)
        match refused.status:
            case 429:
                return self._rate_limited(refused)
            case 401 | 403 if _NO_SCOPE.search(message):
                return ScopeMissing(self._endpoint)
            case 401:
                return SignInNeeded(
                    self.listener, f"Spotify does not accept the sign-in: {message}"
                )
            case 403 | 405 | 410 | 501:
                return Forbidden(self._endpoint, message, refused.status)
            case 404:
                return NotFound(self._endpoint, message)
            case 400 if re.search(r"\b(id|base62|uri)\b", message, re.IGNORECASE):
                return NotFound(self._endpoint, message)
            case status if status >= 500:
                return _Passing(self._without_tokens(str(refused)), refused.retry_after)
            case status if status >= 400:
                return BadRequest(self._endpoint, message, status)
        return SpotifyError(f"Spotify refuses {self._endpoint}: {refused.status}: {message}")

    def _rate_limited(self, refused: Refused) -> Exception:
        wait = timedelta(seconds=refused.retry_after or 0)
        is_quota = "QUOTA_EXCEEDED" in (refused.reason, refused.message)
        if wait > _LONGEST_WAIT:
            return TryLater(self._clock.now() + wait, "quota" if is_quota else "rate limit")
        if is_quota:
            return TryLater(self._clock.now() + _QUOTA_WAIT, "quota")
        return _Passing("rate limit", refused.retry_after, is_rate_limit=True)

    def _before_request(self) -> None:
        if self.calls >= self._budget:
            raise BudgetSpent(f"{self.listener}: the run has made the {self._budget} calls it may")
        self._pace.wait()
        self.calls += 1
        self.retries += self._is_repeated
        self._is_repeated = True
        self.calls_by_endpoint[self._endpoint] += 1
        logger.debug("%s: asking for %s", self.listener, self._endpoint)

    def _before_retry(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        self.waited_seconds += state.upcoming_sleep
        logger.info(
            "%s: %s: %s; again in %.1f s",
            *(self.listener, self._endpoint, failure, state.upcoming_sleep),
        )


def open_client(
    settings: Settings, listener: str, *, budget: int, clock: Clock | None = None
) -> SpotifyClient:
    """A client for one run and one listener; makes no call.

    Args:
        settings: of this run.
        listener: who must be signed in.
        budget: requests that the run may make.
        clock: of this machine, unless a test has its own.

    Raises:
        SignInNeeded: the listener has no sign-in.
        UserError: the token file cannot be read.
    """
    sign_in = sign_in_of(settings, listener)
    if sign_in is None:
        raise SignInNeeded(listener, "there is no sign-in yet")
    return SpotifyClient(settings, sign_in, listener, budget=budget, clock=clock or SystemClock())


class _Passing(Exception):  # noqa: N818 - a state
    """A failure that may pass by itself; `wait` is what Spotify asks for, in seconds."""

    def __init__(self, why: str, wait: float | None = None, *, is_rate_limit: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        self.is_rate_limit = is_rate_limit


class _Pace:
    """At most so many requests a minute, evenly, after a burst."""

    def __init__(self, requests_per_minute: float, clock: Clock) -> None:
        self._interval = timedelta(minutes=1 / requests_per_minute if requests_per_minute else 0)
        self._clock = clock
        self._due = clock.now()  # when the requests made so far would have ended at an even pace

    def wait(self) -> None:
        """Return when the next request may go."""
        if not self._interval:
            return
        now = self._clock.now()
        early = max(self._due, now) - now - (_BURST - 1) * self._interval
        if early > timedelta(0):
            # never longer than one interval, even if this machine's clock was set back
            self._clock.sleep(min(early, self._interval).total_seconds())
        self._due = max(self._due, now) + self._interval


def _wait(state: RetryCallState) -> float:
    """Seconds to wait: 1, 2, 4 and as much again by chance, or longer if Spotify asks for it."""
    failure = state.outcome.exception() if state.outcome else None
    backoff = 2.0 ** (state.attempt_number - 1) * (1 + random.random())  # noqa: S311
    asked = failure.wait if isinstance(failure, _Passing) else None
    return max(backoff, min(asked or 0, _LONGEST_WAIT.total_seconds()))
