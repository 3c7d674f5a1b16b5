"""The service's controls over HTTP, for processes that do not share its memory.

GET, POST  /_simulator/clock    {"now": "2026-01-01T12:00:00Z"} or {"advance_seconds": 1800}
POST       /_simulator/faults   {"kind": "rate_limited", "paths": "/v1/me/*", "times": 2}
DELETE     /_simulator/faults
GET        /_simulator/calls
POST       /_simulator/sign_in  {"listener": "me"}: answers {"refresh_token": …}
POST       /_simulator/reset
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.web_api.faults import Fault

if TYPE_CHECKING:
    from simulator.web_api.service import Service


class _ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    now: datetime | None = None
    advance_seconds: float = 0.0


class _SignInOrder(msgspec.Struct, forbid_unknown_fields=True):
    listener: str | None = None
    authorised_at: datetime | None = None


def control_routes(service: Service) -> list[Route]:
    """The routes; an order that cannot be read is answered 400 with the reason."""

    def clock(body: bytes) -> object:
        order = msgspec.json.decode(body or b"{}", type=_ClockOrder)
        if order.now is not None:
            service.clock.now = order.now
        service.clock.advance(order.advance_seconds)
        return {"now": service.clock.now}

    def add_fault(body: bytes) -> object:
        order = msgspec.json.decode(body, type=dict[str, object])
        fault = msgspec.convert(order, type=Fault)
        service.faults.add(fault)
        return fault

    def clear_faults(_: bytes) -> object:
        service.faults.clear()
        return {}

    def calls(_: bytes) -> object:
        return service.calls

    def sign_in(body: bytes) -> object:
        order = msgspec.json.decode(body or b"{}", type=_SignInOrder)
        return {"refresh_token": service.sign_in(order.listener, authorised_at=order.authorised_at)}

    def reset(_: bytes) -> object:
        service.reset()
        return {}

    return [
        _route("clock", "GET", clock),
        _route("clock", "POST", clock),
        _route("faults", "POST", add_fault),
        _route("faults", "DELETE", clear_faults),
        _route("calls", "GET", calls),
        _route("sign_in", "POST", sign_in),
        _route("reset", "POST", reset),
    ]


def _route(name: str, method: str, obey: Callable[[bytes], object]) -> Route:
    async def answer(request: Request) -> Response:
        try:
            done = obey(await request.body())
        except (ValueError, KeyError) as error:
            return Response(str(error), 400)
        return Response(msgspec.json.encode(done), media_type="application/json")

    return Route(f"/_simulator/{name}", answer, methods=[method])
