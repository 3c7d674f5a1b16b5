"""Recently played, polled over real HTTP: nothing twice, nothing lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.client import SpotifyClient
from ingestion.spotify_api.collecting import Outcome
from ingestion.spotify_api.plays import key_of, recently_played
from ingestion.spotify_api.spool import Answer, Spool
from ingestion.spotify_api.state import Memory
from simulator import World
from simulator.web_api import Service

Collect = Callable[..., Outcome]
Query = Callable[[str], list[tuple[Any, ...]]]


def collected(query: Query) -> list[tuple[datetime, str]]:
    rows = query("select played_at, track__id from recently_played order by played_at")
    return [(played_at.astimezone(UTC), track) for played_at, track in rows]


def skip_plays(service: Service, world: World, count: int) -> None:
    """Let so many plays pass."""
    left = [play for play in world.plays if play.ended_at > service.clock.now]
    service.clock.now = left[count].ended_at


def play_calls(service: Service) -> int:
    return sum(call.path == "/v1/me/player/recently-played" for call in service.calls)


def test_the_first_poll_finds_the_fifty_plays_that_spotify_has(
    collect: Collect, query: Query, service: Service
) -> None:
    assert collect(max_calls=2).rows["recently_played"] == 50
    assert set(collected(query)) == service.answered_plays()
    assert query("from collection_gaps") == []


def test_a_second_poll_adds_only_what_was_played_since_in_one_call(
    collect: Collect, query: Query, service: Service, world: World
) -> None:
    collect(max_calls=2)
    skip_plays(service, world, 7)
    before = play_calls(service)

    found = collect(max_calls=1).rows["recently_played"]

    assert found >= 1
    assert play_calls(service) == before + 1
    assert len(collected(query)) == len(set(collected(query))) == 50 + found
    assert set(collected(query)) == service.answered_plays()


def test_a_poll_that_finds_nothing_makes_one_call_and_adds_a_run_alone(
    collect: Collect, query: Query
) -> None:
    collect()
    loads = query("select count(*) from _dlt_loads")

    outcome = collect()

    assert (outcome.calls, sum(outcome.rows.values())) == (1, 0)
    assert query("select count(*) from _dlt_loads") == loads
    assert query("select count(*) from collection_runs") == [(2,)]


def test_more_plays_than_spotify_shows_are_a_gap_from_the_last_known_to_the_first_seen(
    collect: Collect, query: Query, service: Service, world: World
) -> None:
    collect(max_calls=2)
    last_known = collected(query)[-1][0]
    skip_plays(service, world, 80)

    assert collect(max_calls=2).rows["collection_gaps"] == 1

    ((gap_from, gap_to, listener),) = query(
        "select gap_from, gap_to, listener from collection_gaps"
    )
    assert (gap_from, listener) == (last_known, "me")
    assert gap_to == min(played_at for played_at, _ in collected(query) if played_at > last_known)


def test_fewer_plays_than_spotify_shows_are_no_gap(
    collect: Collect, query: Query, service: Service, world: World
) -> None:
    collect(max_calls=2)
    skip_plays(service, world, 30)
    collect(max_calls=1)
    assert query("from collection_gaps") == []


def test_a_backfill_asks_behind_what_is_known_and_adds_nothing(
    collect: Collect, query: Query, service: Service
) -> None:
    collect(max_calls=2)
    before = play_calls(service)
    assert collect(everything=True, max_calls=2).rows["recently_played"] == 0
    assert play_calls(service) == before + 2
    assert len(collected(query)) == 50


def test_a_page_that_comes_twice_adds_nothing(
    collect: Collect, query: Query, service: Service
) -> None:
    service.faults.next("duplicate_page", paths="/v1/me/player/recently-played")
    collect(max_calls=2)
    assert len(collected(query)) == len(set(collected(query))) == 50


def test_a_poll_that_breaks_off_goes_on_behind_what_it_has_seen(
    collect: Collect, query: Query, service: Service
) -> None:
    collect(max_calls=1)
    assert len(collected(query)) == 50
    before = service.calls[-1]

    collect(max_calls=1)

    assert "before=" in service.calls[-1].query
    assert service.calls[-1] is not before


def test_a_limit_of_plays_is_kept(
    collect: Collect, query: Query, make_settings: Callable[..., Settings]
) -> None:
    collect(settings=make_settings(plays_limit=20), max_calls=1)
    assert len(collected(query)) == 20


class OddAnswers:
    """Answers the client as an implementation that differs from Spotify's in its pages."""

    def __init__(self, plays: list[dict[str, Any]], at_most: int) -> None:
        self.plays, self.at_most, self.calls = plays, at_most, 0

    def __call__(self, _endpoint: str, ask: Callable[[Any], Any]) -> dict[str, Any]:
        self.calls += 1
        page: dict[str, Any] = ask(self)
        return page

    def current_user_recently_played(self, limit: int, before: int | None = None) -> dict[str, Any]:
        older = [play for play in self.plays if before is None or self.ends(play) < before]
        shown = older[: min(limit, self.at_most)]
        address = f"https://spotify.test/?before={self.ends(shown[-1])}" if shown else ""
        return {"items": shown, "next": address if len(shown) < len(older) else None}

    @staticmethod
    def ends(play: dict[str, Any]) -> int:
        return round(datetime.fromisoformat(play["played_at"]).timestamp() * 1_000)


def many_plays(count: int) -> list[dict[str, Any]]:
    """Latest first."""
    end = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        {
            "played_at": (end - timedelta(minutes=4 * index)).isoformat(),
            "track": {"id": f"track {index}"},
        }
        for index in range(count)
    ]


def test_a_page_that_is_not_full_is_the_last_only_if_it_says_so(
    client: SpotifyClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spotify = OddAnswers(many_plays(130), at_most=30)
    monkeypatch.setattr(client, "call", spotify)
    answers = list(recently_played(client, clock, Memory({}), set()))
    assert sum(len(answer.rows) for answer in answers) == 130

    last_known = many_plays(130)[-1]["played_at"]
    memory = Memory({"plays/last": (datetime.fromisoformat(last_known) - timedelta(1)).isoformat()})
    answers = list(recently_played(client, clock, memory, set()))
    assert answers[-1].rows[-1][0] == "collection_gaps"


def test_an_idle_poll_of_such_pages_makes_one_call(
    client: SpotifyClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spotify = OddAnswers(many_plays(130), at_most=30)
    monkeypatch.setattr(client, "call", spotify)
    list(recently_played(client, clock, Memory({}), {key_of(play) for play in spotify.plays}))
    assert spotify.calls == 1


def test_a_play_without_a_time_is_set_aside_once_and_holds_nothing_up(
    client: SpotifyClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = {"track": {"id": "x"}}
    page = {"items": [odd, *many_plays(2), None]}
    monkeypatch.setattr(client, "call", lambda *_: page)
    memory, answers = Memory({}), []
    for answer in recently_played(client, clock, memory, set()):
        answers.append(answer)
        memory.update(answer.remember)
    assert [row["track"]["id"] for answer in answers for _, row in answer.rows] == [
        "track 0",
        "track 1",
    ]
    assert [item for answer in answers for _, item, _ in answer.odd] == [odd]
    assert not any(answer.odd for answer in recently_played(client, clock, memory, set()))


def test_what_is_set_aside_is_told_with_its_place_and_never_loaded(settings: Settings) -> None:
    spool = Spool(settings, "me")
    spool.add(Answer([], odd=[("recently_played", {"a": 1}, "why")]), datetime.now(UTC))
    assert "recently_played: why" in (spool.trouble() or "")
    (batch,) = spool.batches()
    assert batch.rows == {}


def test_plays_of_a_poll_that_nobody_knew_of_are_not_loaded_twice(
    collect: Collect, query: Query, settings: Settings, clock: Any, service: Service, world: World
) -> None:
    from ingestion.spotify_api.collecting import Collector

    collect(max_calls=2)
    patient = Collector(settings, "me", clock=clock, patience=timedelta(days=1))
    patient.poll()
    skip_plays(service, world, 9)
    assert patient.poll().rows["recently_played"] > 0
    other = settings.duckdb_path.parent / ".dlt" / "spotify.answers" / "me"
    waiting = other.rename(other.with_name("elsewhere"))

    collect(max_calls=1)
    waiting.rename(other)
    patient.close()

    assert len(collected(query)) == len(set(collected(query)))
