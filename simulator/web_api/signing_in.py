"""Who may ask: authorisation codes, access tokens of an hour, refresh tokens of six months.

The rules are those of Spotify's accounts service in 2026: PKCE or client secret, no `localhost`
in redirect addresses, and refresh tokens that die six months after the user authorised, however
often they were used.
"""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from simulator.web_api.clock import Clock
from simulator.web_api.paging import Refusal

ALL_SCOPES = frozenset(
    {
        "playlist-read-collaborative",
        "playlist-read-private",
        "user-follow-read",
        "user-library-read",
        "user-read-email",
        "user-read-playback-position",
        "user-read-private",
        "user-read-recently-played",
        "user-top-read",
    }
)
ACCESS_LIFE = timedelta(seconds=3600)
CODE_LIFE = timedelta(minutes=10)
GRANT_MONTHS = 6
LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(eq=False)
class Grant:
    """What a listener allowed, when, and whether they took it back."""

    listener: str
    scopes: frozenset[str]
    authorised_at: datetime
    is_revoked: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether six months have passed since the listener authorised."""
        return now >= months_after(self.authorised_at, GRANT_MONTHS)


@dataclass(frozen=True, slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


@dataclass
class Browser:
    """Who sits at the browser in which /authorize opens, and whether they agree."""

    listener: str
    agrees: bool = True


class TokenRefusal(Exception):  # noqa: N818 an answer, not a failure of ours
    """A request for a token that is refused, in OAuth's words; always 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class SignIns:
    """All grants of one app.

    Args:
        clock: Decides what has expired.
        browser: Who answers when a user is asked.
        client_id: The app's.
        client_secret: The app's; an app with PKCE never sends it.
        redirect_uri: The registered one: a loopback address, which stands for all of its ports.
    """

    def __init__(
        self,
        clock: Clock,
        browser: Browser,
        *,
        client_id: str,
        client_secret: str,
        redirect_uri: str = "http://127.0.0.1/callback",
    ) -> None:
        self._clock = clock
        self._browser = browser
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, tuple[Grant, datetime]] = {}

    def sign_in(self, listener: str, scopes: frozenset[str], authorised_at: datetime) -> str:
        """A refresh token, as if the listener had authorised at an instant."""
        return self._new_refresh_token(Grant(listener, scopes, authorised_at))

    def access_token(self, listener: str, scopes: frozenset[str]) -> str:
        """An access token of the next hour, as if one had just been asked for."""
        grant = Grant(listener, scopes, self._clock.now)
        return self._new_access_token(grant)

    def revoke(self, listener: str) -> None:
        """End all of a listener's grants, as they can on Spotify's page of apps."""
        grants = {*self._refresh.values(), *(grant for grant, _ in self._access.values())}
        for grant in grants:
            if grant.listener == listener:
                grant.is_revoked = True

    def expire_access_tokens(self) -> None:
        """Let no access token be valid any longer."""
        now = self._clock.now
        self._access = {token: (grant, now) for token, (grant, _) in self._access.items()}

    def authorize(self, query: Mapping[str, str]) -> str:
        """The address to which the browser is sent on.

        Raises:
            Refusal: 400 where Spotify shows an error page instead.
        """
        if query.get("client_id") != self._client_id:
            raise Refusal(400, "INVALID_CLIENT: Invalid client")
        redirect_uri = query.get("redirect_uri", "")
        self._check_redirect(redirect_uri)
        if query.get("response_type") != "code":
            raise Refusal(400, "response_type must be code")
        if "code_challenge" in query and query.get("code_challenge_method") != "S256":
            raise Refusal(400, "code_challenge_method must be S256")
        scopes = frozenset(query.get("scope", "").split())
        if unknown := scopes - ALL_SCOPES:
            raise Refusal(400, f"INVALID_SCOPE: Invalid scope {sorted(unknown)[0]}")
        answer = {"error": "access_denied"}
        if self._browser.agrees:
            now = self._clock.now
            code = token_urlsafe(48)
            grant = Grant(self._browser.listener, scopes, now)
            self._codes[code] = _Code(
                grant, redirect_uri, query.get("code_challenge"), now + CODE_LIFE
            )
            answer = {"code": code}
        if "state" in query:
            answer["state"] = query["state"]
        return f"{redirect_uri}?{urlencode(answer)}"

    def token(self, form: Mapping[str, str], authorization: str | None) -> dict[str, object]:
        """The answer of /api/token.

        Args:
            form: The fields of the request's body.
            authorization: Its header, with id and secret, if there is one.

        Raises:
            TokenRefusal: in all cases in which Spotify refuses.
        """
        has_secret = self._check_client(form, authorization)
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form, has_secret)
        if form.get("grant_type") == "refresh_token":
            return self._renew(form, has_secret)
        raise TokenRefusal("unsupported_grant_type", "grant_type is missing or not supported")

    def grant_of(self, authorization: str | None) -> Grant:
        """The grant behind a request.

        Raises:
            Refusal: 401 without a valid access token.
        """
        kind, _, token = (authorization or "").partition(" ")
        if kind != "Bearer" or not token:
            raise Refusal(401, "No token provided")
        grant, expires_at = self._access.get(token, (None, self._clock.now))
        if grant is None or grant.is_revoked:
            raise Refusal(401, "Invalid access token")
        if self._clock.now >= expires_at:
            raise Refusal(401, "The access token expired")
        return grant

    def _check_redirect(self, redirect_uri: str) -> None:
        given, registered = urlsplit(redirect_uri), urlsplit(self._redirect_uri)
        if given.scheme != "https" and given.hostname not in LOOPBACK:
            raise Refusal(400, "INVALID_CLIENT: Insecure redirect URI")
        if (given.scheme, given.hostname, given.path) != (
            registered.scheme,
            registered.hostname,
            registered.path,
        ):
            raise Refusal(400, "INVALID_CLIENT: Invalid redirect URI")

    def _check_client(self, form: Mapping[str, str], authorization: str | None) -> bool:
        """Whether the app proved itself by its secret; else its id must be right."""
        if authorization is None:
            if form.get("client_id") != self._client_id:
                raise TokenRefusal("invalid_client", "Invalid client")
            return False
        try:
            given = b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except (NotBase64, UnicodeDecodeError):
            given = ""
        if given != f"{self._client_id}:{self._client_secret}":
            raise TokenRefusal("invalid_client", "Invalid client secret")
        return True

    def _exchange(self, form: Mapping[str, str], has_secret: bool) -> dict[str, object]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise TokenRefusal("invalid_grant", "Invalid authorization code")
        if self._clock.now >= code.expires_at:
            raise TokenRefusal("invalid_grant", "Authorization code expired")
        if form.get("redirect_uri") != code.redirect_uri:
            raise TokenRefusal("invalid_grant", "Invalid redirect URI")
        if code.challenge is not None:
            if _challenge(form.get("code_verifier", "")) != code.challenge:
                raise TokenRefusal("invalid_grant", "code_verifier was incorrect")
        elif not has_secret:
            raise TokenRefusal("invalid_request", "code_verifier required")
        return self._tokens(code.grant, self._new_refresh_token(code.grant))

    def _renew(self, form: Mapping[str, str], has_secret: bool) -> dict[str, object]:
        """With PKCE a refresh token is good for one time, and another comes with the answer."""
        token = form.get("refresh_token", "")
        grant = self._refresh.get(token)
        if grant is None:
            raise TokenRefusal("invalid_grant", "Invalid refresh token")
        if grant.is_revoked:
            raise TokenRefusal("invalid_grant", "Refresh token revoked")
        if grant.is_over(self._clock.now):
            raise TokenRefusal("invalid_grant", "Refresh token expired")
        if has_secret:
            return self._tokens(grant, None)
        del self._refresh[token]
        return self._tokens(grant, self._new_refresh_token(grant))

    def _tokens(self, grant: Grant, refresh_token: str | None) -> dict[str, object]:
        answer: dict[str, object] = {
            "access_token": self._new_access_token(grant),
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "scope": " ".join(sorted(grant.scopes)),
        }
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        return answer

    def _new_access_token(self, grant: Grant) -> str:
        token = token_urlsafe(48)
        self._access[token] = (grant, self._clock.now + ACCESS_LIFE)
        return token

    def _new_refresh_token(self, grant: Grant) -> str:
        token = token_urlsafe(48)
        self._refresh[token] = grant
        return token


def months_after(instant: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last."""
    count = instant.month - 1 + months
    year, month = instant.year + count // 12, count % 12 + 1
    return instant.replace(year=year, month=month, day=min(instant.day, monthrange(year, month)[1]))


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
