"""Recently played, polled over real HTTP: nothing twice, nothing lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.settings import Settings
from ingestion.spotify_api.collecting import Outcome
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
