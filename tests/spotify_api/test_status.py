"""What `spotify-elt status` says, before there is anything and after everything has gone wrong."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from ingestion.settings import Settings
from ingestion.spotify_api.collecting import Outcome
from ingestion.spotify_api.spool import Answer, Spool
from ingestion.status import show_status
from ingestion.warehouse import open_warehouse
from simulator import World
from simulator.web_api import Service

Collect = Callable[..., Outcome]


@pytest.fixture
def told(settings: Settings) -> Callable[[], str]:
    def show() -> str:
        console = Console(file=io.StringIO(), width=200)
        show_status(console, settings)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    return show


def test_without_anything_it_says_how_to_begin(told: Callable[[], str]) -> None:
    assert "spotify-elt login" in told()


def test_with_a_sign_in_alone_it_says_how_to_go_on(
    told: Callable[[], str], sign_in: Callable[..., Any]
) -> None:
    sign_in(authorised_at=datetime.now(UTC))
    assert "spotify-elt collect" in told()


def test_an_empty_warehouse_is_no_error(told: Callable[[], str], settings: Settings) -> None:
    with open_warehouse(settings):
        pass
    assert "spotify-elt login" in told()


def test_after_a_collection_it_says_what_is_there_and_what_is_refused(
    told: Callable[[], str], collect: Collect, service: Service
) -> None:
    collect()
    started = time.perf_counter()
    text = told()
    assert time.perf_counter() - started < 3
    last = max(played_at for played_at, _ in service.answered_plays()).astimezone()
    for words in (
        "50 collected",
        f"the last ended {last:%Y-%m-%d %H:%M}",
        "complete",
        "several_artists",
        "sign-in    ends",
    ):
        assert words in text


def test_what_remains_to_be_looked_up_is_counted(told: Callable[[], str], collect: Collect) -> None:
    collect(max_calls=30)
    assert "to look up" in told()


def test_gaps_and_dead_sign_ins_are_told(
    told: Callable[[], str], collect: Collect, service: Service, world: World
) -> None:
    collect(max_calls=2)
    left = [play for play in world.plays if play.ended_at > service.clock.now]
    service.clock.now = left[80].ended_at
    collect(max_calls=2)
    service.clock.advance(timedelta(minutes=1))
    service.revoke("me")
    collect(max_calls=2)
    text = told()
    assert "1 where plays may be missing" in text
    assert "sign in needed" in text


def test_a_scope_that_is_missing_is_told_until_somebody_signs_in_again(
    told: Callable[[], str], collect: Collect, sign_in: Callable[..., Any], service: Service
) -> None:
    sign_in(scopes={"user-read-recently-played"})
    collect(max_calls=30)
    text = told()
    assert "all but playlist-read-private, user-follow-read, user-library-read" in text
    assert "sign in again and agree: spotify-elt login --listener me" in text
    assert "refused    top_tracks" not in text

    service.clock.advance(timedelta(minutes=1))
    sign_in()
    assert "all but" not in told()


def test_a_field_whose_type_has_changed_is_told_with_what_to_do(
    told: Callable[[], str], collect: Collect, settings: Settings
) -> None:
    collect(max_calls=1)
    assert "Changed" not in told()
    track = {"observed_at": "2026-01-01T00:00:00Z", "id": "x", "mood": 1, "popularity": "high"}
    Spool(settings, "me").add(Answer([("tracks", track)]), datetime.now(UTC))
    collect(max_calls=0)

    [line] = [line for line in told().splitlines() if line.startswith("Changed")]

    assert "tracks.popularity comes as text now (1 so far), kept in popularity__v_text" in line
    assert "update spotify-elt, or report it" in line
