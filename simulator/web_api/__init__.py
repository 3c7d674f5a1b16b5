"""A simulated world as a Spotify account over HTTP: accounts service and Web API, on loopback.

    with serve(world, now=datetime(2026, 1, 5, tzinfo=UTC)) as service:
        token = service.sign_in()                       # a refresh token of the listener `me`
        os.environ |= service.environment               # SPOTIFY_API_URL and what else is needed
        service.clock.advance(timedelta(minutes=30))    # plays appear
        service.faults.next("rate_limited", paths="/v1/me/*", times=2)
        service.calls                                   # what was asked, and answered
        service.shown_plays(since, until)               # what should have been collected

Two contracts: `development`, what every hobby app gets since February 2026, and `extended`.

shelf (catalogue as JSON), shown (plays), keeping (saved music, playlists) → account → endpoints
(the Web API's table) → service (faults, call log, HTTP); signing_in stands beside them.
"""

from simulator.web_api.clock import Clock
from simulator.web_api.faults import Fault, FaultKind, Faults
from simulator.web_api.service import Call, Service, serve
from simulator.web_api.shelf import Contract
from simulator.web_api.signing_in import ALL_SCOPES, Browser

__all__ = [
    "ALL_SCOPES",
    "Browser",
    "Call",
    "Clock",
    "Contract",
    "Fault",
    "FaultKind",
    "Faults",
    "Service",
    "serve",
]
