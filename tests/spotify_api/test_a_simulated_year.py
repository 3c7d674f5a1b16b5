"""A year, polled every half hour, with everything going wrong that Spotify is known for.

Of the half hours in which nothing was played, one in twelve is polled, for the test's own speed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.collecting import Collector
from ingestion.warehouse import open_warehouse
from simulator import World, imagine
from simulator.web_api import FaultKind, Service

FIRST = datetime(2024, 3, 1, tzinfo=UTC)
DAYS = 365
EVERY = timedelta(minutes=30)

#: Of each request. The long ones are rare, for each of them takes a day's polls.
FAULTS: dict[FaultKind, float] = {
    "rate_limited": 0.005,
    "rate_limited_for_a_day": 0.001,
    "quota_exceeded": 0.001,
    "server_error": 0.01,
    "slow": 0.0005,
    "cut": 0.005,
    "malformed": 0.005,
    "expired_token": 0.005,
    "forbidden": 0.001,
    "revoked": 0.0005,
    "playlist_changes": 0.02,
    "duplicate_page": 0.02,
}


@pytest.fixture(scope="module")
def world() -> World:
    return imagine(12_000, seed=5, start=date(2024, 1, 1), end=date(2025, 3, 15))


@pytest.fixture
def now() -> datetime:
    return FIRST


def test_every_play_that_was_shown_is_there_once_and_no_call_was_wasted(
    service: Service,
    make_settings: Callable[..., Settings],
    sign_in: Callable[..., Any],
    clock: Any,
) -> None:
    settings = make_settings(
        request_timeout_seconds=0.5, ask_lists_every_hours=24 * 14, refresh_catalogue_after_days=400
    )
    sign_in()
    service.faults.at_random(FAULTS, seed=3, delay_seconds=1.0)
    outcomes: Counter[str] = Counter()
    collector = _collector(settings, clock)
    for poll in range(DAYS * 48):
        time = FIRST + poll * EVERY
        if poll % 12 and not service.shown_plays(time - EVERY, time):
            continue
        service.clock.now = max(service.clock.now, time)
        outcome = collector.poll()
        outcomes[outcome.outcome] += 1
        if outcome.outcome == "sign_in_needed":
            sign_in()
        if poll % 4_001 == 0:
            collector = _collector(settings, clock)  # as after a kill: only the spool is left
    service.faults.clear()
    collector.poll()
    collector.close()

    collected = _collected(settings)
    assert set(collected) == service.answered_plays()
    assert set(collected.values()) == {1}
    assert {"complete", "try_later", "sign_in_needed"} <= set(outcomes)
    assert _query(settings, _PLAYED_BUT_NOT_LOOKED_UP) == []
    assert _query(settings, _CHILDREN_WITHOUT_PARENTS) == []
    assert _query(settings, "select sum(calls) from spotify_api.collection_runs") == [
        (sum(call.path.startswith("/v1/") for call in service.calls),)
    ]
    _check_that_no_call_was_wasted(service, polls=outcomes.total())


_PLAYED_BUT_NOT_LOOKED_UP = """
    select track__id from spotify_api.recently_played except select id from spotify_api.tracks
"""
_CHILDREN_WITHOUT_PARENTS = """
    select _dlt_parent_id from spotify_api.tracks__artists
    except select _dlt_id from spotify_api.tracks
"""


def _check_that_no_call_was_wasted(service: Service, polls: int) -> None:
    good = [call for call in service.calls if call.status == 200 and call.fault is None]
    plays = sum(call.path == "/v1/me/player/recently-played" for call in good)
    assert plays <= polls + 10
    looked_up = Counter(
        call.path
        for call in good
        if call.path.split("/")[2] in {"tracks", "artists", "albums"} and not call.query
    )
    assert set(looked_up.values()) == {1}
    day_long = [call.at for call in service.calls if call.fault == "rate_limited_for_a_day"]
    assert all(later - earlier > timedelta(hours=12) for earlier, later in pairwise(day_long))


def _collector(settings: Settings, clock: Any) -> Collector:
    return Collector(settings, "me", clock=clock, patience=timedelta(days=60))


def _collected(settings: Settings) -> Counter[tuple[datetime, str]]:
    rows = _query(settings, "select played_at, track__id from spotify_api.recently_played")
    return Counter((played_at.astimezone(UTC), track) for played_at, track in rows)


def _query(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(settings, read_only=True) as warehouse:
        return warehouse.query(sql)
