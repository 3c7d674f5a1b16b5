"""The server: one app on a loopback port, at the disposal of whoever started it."""

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from time import sleep
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.web_api.account import Account
from simulator.web_api.clock import Clock
from simulator.web_api.control import control_routes
from simulator.web_api.endpoints import Ask, Endpoint, WebApi
from simulator.web_api.faults import Fault, FaultKind, Faults
from simulator.web_api.one_write import OneWriteProtocol
from simulator.web_api.paging import Refusal
from simulator.web_api.shelf import Contract, Shelf
from simulator.web_api.signing_in import ALL_SCOPES, Browser, Grant, SignIns, TokenRefusal
from simulator.world import World

CLIENT_ID = "0123456789abcdef0123456789abcdef"
#: Of an app that does not exist; no secret of anybody.
CLIENT_SECRET = "fedcba9876543210fedcba9876543210"  # noqa: S105  # pragma: allowlist secret
START_SECONDS = 10.0
#: Faults of the network: Spotify's answer is right, and gets lost.
DAMAGES = frozenset({"slow", "cut", "malformed"})
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the server saw it; never with a token.

    Attributes:
        at: The service's clock, UTC.
        status: What was answered, or would have been, had the network let it through.
        listener: None where no valid token said so.
    """

    at: datetime
    method: str
    path: str
    query: str
    status: int
    fault: FaultKind | None
    listener: str | None


class Service:
    """One simulated Spotify. Everything here may be used while it serves.

    Attributes:
        api_url: For SPOTIFY_API_URL: `http://127.0.0.1:PORT/v1`.
        accounts_url: For SPOTIFY_ACCOUNTS_URL: `http://127.0.0.1:PORT`.
        clock: What Spotify knows is a function of it.
        browser: Who answers at /authorize, and how.
        faults: What goes wrong.
        calls: Every request to the accounts service and the Web API, oldest first.
        accounts: The listeners, by name.
        shelf: The catalogue in this contract.
    """

    def __init__(
        self,
        worlds: Mapping[str, World],
        *,
        clock: Clock,
        contract: Contract,
        has_audio_features: bool,
        port: int,
    ) -> None:
        self.accounts_url = f"http://127.0.0.1:{port}"
        self.api_url = f"{self.accounts_url}/v1"
        self.client_id = CLIENT_ID
        self.client_secret = CLIENT_SECRET
        self.clock = clock
        self.faults = Faults()
        self.calls: list[Call] = []
        self.browser = Browser(next(iter(worlds)))
        self.accounts = {name: Account(name, world) for name, world in worlds.items()}
        catalogues = [world.catalogue for world in worlds.values()]
        self.shelf = Shelf(catalogues, contract, self.api_url)
        self._start = clock.now
        self._answered: dict[str, set[tuple[datetime, str]]] = {name: set() for name in worlds}
        self._sign_ins = SignIns(
            clock, self.browser, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        )
        self._web_api = WebApi(
            self.shelf, list(self.accounts.values()), has_audio_features=has_audio_features
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point spotify-elt here."""
        return {
            "SPOTIFY_API_URL": self.api_url,
            "SPOTIFY_ACCOUNTS_URL": self.accounts_url,
            "SPOTIFY_CLIENT_ID": self.client_id,
        }

    def sign_in(
        self,
        listener: str | None = None,
        *,
        scopes: frozenset[str] | set[str] = ALL_SCOPES,
        authorised_at: datetime | None = None,
    ) -> str:
        """A refresh token, as if a listener had signed in.

        Args:
            listener: The first one if not given.
            scopes: What they allowed.
            authorised_at: When; now if not given. Six months later the token is dead.
        """
        return self._sign_ins.sign_in(
            self.account(listener).listener, frozenset(scopes), authorised_at or self.clock.now
        )

    def settings_of(self, listener: str | None = None) -> dict[str, Any]:
        """The settings of spotify-elt with which a listener has just signed in here; unpaced."""
        return {
            **{variable.lower(): value for variable, value in self.environment.items()},
            "spotify_client_secret": self.client_secret,
            "spotify_refresh_token": self.sign_in(listener),
            "requests_per_minute": 0,
        }

    def access_token(
        self, listener: str | None = None, *, scopes: frozenset[str] | set[str] = ALL_SCOPES
    ) -> str:
        """An access token that is good for an hour, for those who would skip signing in."""
        return self._sign_ins.access_token(self.account(listener).listener, frozenset(scopes))

    def revoke(self, listener: str | None = None) -> None:
        """Let a listener take back what they allowed."""
        self._sign_ins.revoke(self.account(listener).listener)

    def expire_access_tokens(self) -> None:
        """Let the hour of all access tokens be over."""
        self._sign_ins.expire_access_tokens()

    def account(self, listener: str | None = None) -> Account:
        """A listener's account; the first one's if none is named."""
        return self.accounts[listener or next(iter(self.accounts))]

    def shown_plays(
        self, since: datetime, until: datetime, listener: str | None = None
    ) -> list[tuple[datetime, str]]:
        """The truth: (played_at, track id) of plays that ended in (since, until], oldest first.

        Each could be asked for from its end on, until fifty others had ended.
        """
        plays = self.account(listener).shown.between(since, until)
        return [(play.played_at, play.track.id) for play in plays]

    def answered_plays(self, listener: str | None = None) -> set[tuple[datetime, str]]:
        """(played_at, track id) of all plays in answers that got through whole."""
        return set(self._answered[self.account(listener).listener])

    def reset(self) -> None:
        """Back to the start: clock, faults, calls and answered plays. Sign-ins stay."""
        self.clock.now = self._start
        self.faults.clear()
        self.calls.clear()
        for answered in self._answered.values():
            answered.clear()

    def app(self) -> ASGIApp:
        """The ASGI application."""
        routes = [
            *(
                Route(f"/v1{endpoint.path}", self._endpoint(endpoint))
                for endpoint in self._web_api.endpoints()
            ),
            Route("/authorize", self._authorize),
            Route("/api/token", self._token, methods=["POST"]),
            *control_routes(self),
        ]
        return _without_last_slash(Starlette(routes=routes))

    def _endpoint(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await self._answer(endpoint, request)

        return answer

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        """Let the fault that is due strike, else answer; write the call down."""
        path, query = request.scope["path"], dict(request.query_params)
        now = self.clock.now
        fault = None if self.faults.is_held(now) else self.faults.strike(path, query)
        kind = fault.kind if fault else None
        authorization = request.headers.get("authorization")
        listener: str | None = None
        told: list[tuple[datetime, str]] = []
        try:
            self._refuse_if_due(fault, now, authorization)
            grant = self._sign_ins.grant_of(authorization)
            listener = grant.listener
            if endpoint.scope and endpoint.scope not in grant.scopes:
                raise Refusal(403, "Insufficient client scope")
            ask = self._ask(request, grant, query, now, fault)
            response = _json(200, endpoint.answer(ask))
            told = [(play.played_at, play.track.id) for play in ask.told]
        except Refusal as refusal:
            response = self._refused(refusal)
            kind = kind or (self.faults.held_kind if self.faults.is_held(now) else None)
        query_string = request.scope["query_string"].decode()
        call = Call(now, request.method, path, query_string, response.status_code, kind, listener)
        self.calls.append(call)
        is_lost = False
        if fault and fault.kind in DAMAGES:
            response = await _damaged(response, fault)
            is_lost = fault.kind != "slow" or await request.is_disconnected()
        if listener and not is_lost:
            self._answered[listener].update(told)
        return response

    def _refuse_if_due(self, fault: Fault | None, now: datetime, authorization: str | None) -> None:
        """What a fault means for those who ask.

        Raises:
            Refusal: where it is an answer of Spotify's.
        """
        if self.faults.is_held(now):
            raise self._held(now)
        match fault.kind if fault else None:
            case "rate_limited" if fault:
                raise RateLimit(retry_after=self.faults.retry_after(fault))
            case "rate_limited_for_a_day" if fault:
                wait = timedelta(seconds=self.faults.retry_after(fault))
                self.faults.hold(now + wait, fault.kind)
                raise self._held(now)
            case "quota_exceeded" if fault:
                midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
                self.faults.hold(midnight + timedelta(days=1), fault.kind)
                raise self._held(now)
            case "server_error" if fault:
                status = self.faults.status(fault)
                raise Refusal(status, "Something went wrong")
            case "forbidden":
                raise Refusal(403, "Forbidden")
            case "expired_token":
                self._sign_ins.expire_access_tokens()
            case "revoked":
                self._sign_ins.revoke(self._sign_ins.grant_of(authorization).listener)

    def _held(self, now: datetime) -> "RateLimit":
        until = self.faults.held_until or now
        if self.faults.held_kind == "quota_exceeded":
            return RateLimit(reason="QUOTA_EXCEEDED")
        return RateLimit(retry_after=math.ceil((until - now).total_seconds()))

    def _ask(
        self,
        request: Request,
        grant: Grant,
        query: dict[str, str],
        now: datetime,
        fault: Fault | None,
    ) -> Ask:
        if fault and fault.kind == "playlist_changes":
            self._web_api.playlist(request.path_params["id"], now).rearrange(now)
        return Ask(
            account=self.accounts[grant.listener],
            scopes=grant.scopes,
            now=now,
            url=f"{self.accounts_url}{request.scope['path']}",
            path=request.path_params,
            query=query,
            is_repeated=bool(fault and fault.kind == "duplicate_page"),
        )

    @staticmethod
    def _refused(refusal: Refusal) -> Response:
        error: dict[str, object] = {"status": refusal.status, "message": refusal.message}
        headers = {}
        if isinstance(refusal, RateLimit):
            if refusal.reason:
                error["reason"] = refusal.reason
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
        return _json(refusal.status, {"error": error}, headers)

    async def _authorize(self, request: Request) -> Response:
        try:
            response: Response = RedirectResponse(
                self._sign_ins.authorize(dict(request.query_params)), 302
            )
        except Refusal as refusal:
            response = Response(refusal.message, refusal.status)
        self._write_down(request, response.status_code)
        return response

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        fault = self.faults.strike("/api/token", {})
        if fault and fault.kind == "server_error":
            response = Response("upstream connect error", self.faults.status(fault))
        else:
            try:
                answer = self._sign_ins.token(form, request.headers.get("authorization"))
                response = _json(200, answer, {"Cache-Control": "no-store"})
            except TokenRefusal as refusal:
                body = {"error": refusal.error, "error_description": refusal.description}
                response = _json(400, body)
        self._write_down(request, response.status_code, fault.kind if fault else None)
        if fault and fault.kind in DAMAGES:
            response = await _damaged(response, fault)
        return response

    def _write_down(self, request: Request, status: int, kind: FaultKind | None = None) -> None:
        call = Call(self.clock.now, request.method, request.url.path, "", status, kind, None)
        self.calls.append(call)


class RateLimit(Refusal):
    """429, with the seconds to wait, or with the reason that a quota was used up."""

    def __init__(self, *, retry_after: int | None = None, reason: str | None = None) -> None:
        super().__init__(429, "API rate limit exceeded")
        self.retry_after = retry_after
        self.reason = reason


@contextmanager
def serve(
    worlds: World | Mapping[str, World],
    *,
    now: datetime,
    contract: Contract = "development",
    has_audio_features: bool | None = None,
    ticking: bool = False,
    port: int = 0,
) -> Iterator[Service]:
    """Serve a world as Spotify, from a thread, until the block ends.

    Args:
        worlds: One listener's, who is called `me`, or several by name.
        now: Where the service's clock stands at first; aware.
        contract: What the app may ask.
        has_audio_features: Whether it still gets audio features; extended apps do by default.
        ticking: Whether the clock goes on by itself.
        port: On 127.0.0.1; any free one by default.
    """
    with _listening(port) as listening:
        service = Service(
            {"me": worlds} if isinstance(worlds, World) else worlds,
            clock=Clock(now, ticking=ticking),
            contract=contract,
            has_audio_features=(
                contract == "extended" if has_audio_features is None else has_audio_features
            ),
            port=listening.getsockname()[1],
        )
        config = uvicorn.Config(
            service.app(),
            http=OneWriteProtocol,
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, args=([listening],), name="simulated Spotify")
        thread.start()
        try:
            _wait_for(server, thread)
            yield service
        finally:
            server.should_exit = True
            thread.join()


def _listening(port: int) -> socket.socket:
    """A socket that says it is TCP: asyncio sends at once (no Nagle) but then."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def _wait_for(server: uvicorn.Server, thread: Thread) -> None:
    for _ in range(int(START_SECONDS / 0.01)):
        if server.started:
            return
        if not thread.is_alive():
            break
        sleep(0.01)
    raise RuntimeError("the simulated Spotify did not start")


def _json(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, JSON_TYPE)


async def _damaged(response: Response, fault: Fault) -> Response:
    """The answer as a bad network delivers it."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.delay_seconds)
        return response
    half = bytes(response.body)[: len(response.body) // 2]
    if fault.kind == "malformed":
        return Response(half, response.status_code, media_type=JSON_TYPE)
    return _Cut(half, response.status_code, {"Content-Length": str(len(response.body))}, JSON_TYPE)


class _Cut(Response):
    """Promises more than it sends; uvicorn then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


def _without_last_slash(app: ASGIApp) -> ASGIApp:
    """Spotify does not mind a last slash; spotipy asks for `me/` and `tracks/?ids=`."""

    async def trimmed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await app(scope, receive, send)

    return trimmed
