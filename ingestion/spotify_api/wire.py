"""HTTP beneath spotipy: sessions that say what came, before spotipy words it its own way.

spotipy loses the headers of some answers, stumbles over error bodies of an unusual shape, and
logs tokens. It takes a `requests.Session`; ours raises `Refused` with all that is known. It also
asks for less work: most of what requests and spotipy do for a call is the same for each.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import requests

from ingestion.logs import silence_spotipy

silence_spotipy()


class Refused(Exception):  # noqa: N818 - a state, as in errors.py
    """An answer of 400 and more.

    Attributes:
        status: of HTTP.
        message: Spotify's words in one line, else the status's own.
        reason: Spotify's code: `invalid_grant`, `QUOTA_EXCEEDED`; empty without one.
        retry_after: seconds; None when the answer names none.
    """

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.message, self.reason = _words(response)
        self.retry_after = _retry_after(response)
        super().__init__(f"{self.status}: {self.message}")


class Session(requests.Session):
    """A session that asks leave before each request, and raises what was refused.

    Args:
        address: the host's; what the environment says of proxies and certificates is looked up
            for it once, not for each request. ~/.netrc is not asked: it would replace the token.
        before: called before every request; what it raises stops the request.

    Attributes:
        date: the clock of whoever answered last, aware UTC; None when it was not told.
    """

    def __init__(self, address: str, before: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        found = self.merge_environment_settings(address, {}, None, None, None)
        self.proxies, self.verify = found["proxies"], found["verify"]
        self.trust_env = False
        self._before = before
        self.date: datetime | None = None

    def request(  # type: ignore[override]
        self, method: str, url: str, **kwargs: Any
    ) -> requests.Response:
        """Send it; a GET by requests' adapter at once, which knows of proxies and certificates.

        Cookies, hooks and signatures, which the Web API has none of, cost half of a call else.

        Raises: as `send`.
        """
        if method != "GET" or kwargs.get("data"):
            return super().request(method, url, **kwargs)
        given = {
            name: value for name, value in (kwargs.get("params") or {}).items() if value is not None
        }
        prepared = requests.PreparedRequest()
        prepared.prepare_method(method)
        prepared.prepare_url(url, given or None)
        prepared.prepare_headers({**self.headers, **(kwargs.get("headers") or {})})
        self._before()
        response = self.get_adapter(url).send(
            prepared, timeout=kwargs.get("timeout"), verify=self.verify, proxies=self.proxies
        )
        if response.is_redirect:
            response.close()
            return super().request(method, url, **kwargs)
        return _Answer(self._accepted(response))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send it.

        Raises:
            Refused: the answer is an error.
            requests.RequestException: there is no answer, or half of one.
        """
        self._before()
        return self._accepted(super().send(request, **kwargs))

    def _accepted(self, response: requests.Response) -> requests.Response:
        _ = response.content  # all of it has to be there
        self.date = _moment(response.headers.get("Date"))
        if response.status_code >= 400:
            raise Refused(response)
        return response


class _Answer(requests.Response):
    """A response whose JSON is read fast, and is not written out for spotipy's log."""

    def __init__(self, response: requests.Response) -> None:
        self.__dict__.update(response.__dict__)

    def json(self, **kwargs: Any) -> Any:
        """The body.

        Raises:
            requests.JSONDecodeError: it is no JSON.
        """
        try:
            body = msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return super().json(**kwargs)  # which takes other encodings too
        return _Object(body) if isinstance(body, dict) else body


class _Object(dict[str, Any]):
    """A JSON object. spotipy formats each for its log even where nobody listens."""

    def __repr__(self) -> str:
        """Nothing of what is in it."""
        return f"<{len(self)} fields>"


def in_short(error: requests.RequestException) -> str:
    """Why there is no answer, in a few words; the whole text may hold addresses and ports."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection (its certificate is not trusted here)"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return "the answer is no JSON"
    return "the answer broke off"


def _words(response: requests.Response) -> tuple[str, str]:
    """The message and the code, whichever of its shapes Spotify gave the error.

    The Web API says {"error": {"message": …, "reason": …}}, accounts
    {"error": code, "error_description": …}, and what stands before them plain text or HTML.
    """
    plain = f"{response.status_code} {response.reason or ''}".strip()
    try:
        body = response.json()
    except ValueError:
        return plain, ""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return str(error.get("message") or plain), str(error.get("reason") or "")
    if isinstance(error, str):
        return str(body.get("error_description") or error), error
    return plain, ""


def _retry_after(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        until = _moment(value)
        return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until else None


def _moment(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
