"""Playlists over real HTTP: each look by its snapshot, an unchanged one for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.client import BudgetSpent, SpotifyClient, open_client
from ingestion.spotify_api.playlists import playlists
from ingestion.spotify_api.spool import Answer, Row
from ingestion.spotify_api.state import Memory
from simulator import World
from simulator.web_api import Service


class Looks:
    """Looks at the playlists, as polls do, and keeps what they brought."""

    def __init__(self, client: SpotifyClient, clock: Any) -> None:
        self.memory = Memory({})
        self._client, self._clock = client, clock

    def look(self, **limits: int) -> list[tuple[str, Row]]:
        return self._take(playlists(self._client, self._clock, self.memory, **limits))

    def _take(self, answers: Iterator[Answer]) -> list[tuple[str, Row]]:
        rows = []
        for answer in answers:
            rows += answer.rows
            self.memory.update(answer.remember)
        return rows


@pytest.fixture
def now(world: World) -> datetime:
    return world.plays[-1].ended_at


@pytest.fixture
def looks(client: SpotifyClient, clock: Any) -> Looks:
    return Looks(client, clock)


def named(rows: list[tuple[str, Row]], table: str) -> list[Row]:
    return [row for name, row in rows if name == table]


def item_calls(service: Service) -> list[str]:
    return [call.path for call in service.calls if call.path.endswith("/items")]


def test_every_playlist_that_may_be_read_is_there_as_it_is(looks: Looks, service: Service) -> None:
    rows = looks.look()
    now, account = service.clock.now, service.account()
    readable = [playlist for playlist in account.playlists_at(now) if account.may_read(playlist)]
    observed = {row["list_id"]: row["total"] for row in named(rows, "list_observations")}
    assert {playlist.id: len(playlist.entries_at(now)) for playlist in readable}.items() <= (
        observed.items()
    )
    for row in named(rows, "playlist_tracks"):
        assert {"listener", "playlist_id", "snapshot_id", "observed_at", "position"} <= row.keys()
        assert "track" not in row


def test_unchanged_playlists_cost_no_call(looks: Looks, service: Service) -> None:
    looks.look()
    before = len(item_calls(service))
    rows = looks.look()
    assert len(item_calls(service)) == before
    assert named(rows, "playlist_tracks") == []
    assert len(named(rows, "playlists")) == len(service.account().playlists_at(service.clock.now))


def test_looks_that_broke_off_go_on_without_asking_which_playlists_there_are(
    looks: Looks, settings: Settings, clock: Any, service: Service
) -> None:
    looks._client, whole = open_client(settings, "me", budget=2, clock=clock), looks._client
    with pytest.raises(BudgetSpent):
        looks.look()
    looks._client = whole
    looks.look()
    assert sum(call.path == "/v1/me/playlists" for call in service.calls) == 1
    looks.look()
    assert sum(call.path == "/v1/me/playlists" for call in service.calls) == 2


def test_a_playlist_without_a_snapshot_is_read_each_time(
    client: SpotifyClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries: list[dict[str, Any]] = [{"item": {"uri": "a"}}]
    answers = {
        "playlists": {"items": [{"id": "p"}], "total": 1},
        "playlist_tracks": {"items": entries, "total": 1},
    }
    monkeypatch.setattr(client, "call", lambda endpoint, _: answers[endpoint])
    looks = Looks(client, clock)
    assert len(named(looks.look(), "playlist_tracks")) == 1
    entries.append({"item": {"uri": "b"}})
    answers["playlist_tracks"]["total"] = 2
    assert len(named(looks.look(), "playlist_tracks")) == 2


def test_somebody_elses_playlist_is_refused_once_and_not_asked_again(
    looks: Looks, service: Service
) -> None:
    rows = looks.look()
    account = service.account()
    others = {
        f"playlist_tracks/{playlist.id}"
        for playlist in account.playlists_at(service.clock.now)
        if not account.may_read(playlist)
    }
    assert {row["endpoint"] for row in named(rows, "endpoint_refusals")} == others
    assert others
    assert named(looks.look(), "endpoint_refusals") == []


def test_a_playlist_that_changes_while_it_is_read_counts_in_one_state_alone(
    looks: Looks, service: Service
) -> None:
    service.faults.next("playlist_changes", paths="/v1/playlists/*/items", times=40)
    rows = looks.look()
    service.faults.clear()
    rows += looks.look()
    now, account = service.clock.now, service.account()
    for playlist in account.playlists_at(now):
        if account.may_read(playlist):
            counted = [
                row
                for row in named(rows, "list_observations")
                if row["list_id"] == playlist.id and row["snapshot_id"] == playlist.snapshot_id(now)
            ]
            (look,) = counted
            of_look = [
                row
                for row in named(rows, "playlist_tracks")
                if row["playlist_id"] == playlist.id and row["observed_at"] == look["observed_at"]
            ]
            assert len(of_look) == look["total"]


def test_limits_are_kept_and_such_a_look_is_as_long_as_it_says(looks: Looks) -> None:
    rows = looks.look(limit=3, track_limit=2)
    assert len(named(rows, "playlists")) == 3
    for look in named(rows, "list_observations"):
        of_look = [
            row
            for row in named(rows, look["list_name"])
            if row["observed_at"] == look["observed_at"]
            and row.get("playlist_id") == look["list_id"]
        ]
        assert len(of_look) == look["total"] <= 3
        # what lies behind the limit is not gone
        assert look["is_whole"] is (look["list_name"] != "playlists" and look["total"] < 2)
