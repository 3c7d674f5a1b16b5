"""Lists over real HTTP: a look counts when it is whole, and what has not changed costs one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.client import BudgetSpent, SpotifyClient, open_client
from ingestion.spotify_api.lists import (
    Listing,
    followed_artists,
    look_at,
    saved_items,
    top_items,
    user,
)
from ingestion.spotify_api.spool import Answer, Row, stored
from ingestion.spotify_api.state import Memory
from simulator import World
from simulator.web_api import Service


class Taker:
    """Takes answers as a poll does: keeps the rows, remembers the rest."""

    def __init__(self) -> None:
        self.memory = Memory({})
        self.rows: list[tuple[str, Row]] = []

    def take(self, answers: Iterator[Answer]) -> list[tuple[str, Row]]:
        """The rows of one look."""
        before = len(self.rows)
        for answer in answers:
            self.rows += answer.rows
            self.memory.update(answer.remember)
        return self.rows[before:]


@pytest.fixture
def taker() -> Taker:
    return Taker()


@pytest.fixture
def now(world: World) -> datetime:
    """Late in life, when lists are long."""
    return world.plays[-1].ended_at


def named(rows: list[tuple[str, Row]], table: str) -> list[Row]:
    return [row for name, row in rows if name == table]


def test_top_lists_are_ranked_from_one_over_three_ranges(
    client: SpotifyClient, clock: Any, taker: Taker
) -> None:
    rows = taker.take(top_items(client, clock, taker.memory, "top_tracks", 5))
    ranks = Counter((row["time_range"], row["rank"]) for row in named(rows, "top_tracks"))
    looks = named(rows, "list_observations")
    assert {time_range for time_range, _ in ranks} <= {row["list_id"] for row in looks}
    assert set(ranks.values()) == {1}
    assert [row["total"] for row in looks] == [
        sum(time_range == row["list_id"] for time_range, _ in ranks) for row in looks
    ]


def test_top_lists_that_broke_off_go_on_with_the_range_that_is_lacking(
    client: SpotifyClient, settings: Settings, clock: Any, service: Service, taker: Taker
) -> None:
    short = open_client(settings, "me", budget=2, clock=clock)
    with pytest.raises(BudgetSpent):
        taker.take(top_items(short, clock, taker.memory, "top_tracks", 5))
    taker.take(top_items(client, clock, taker.memory, "top_tracks", 5))
    asked = [call.query for call in service.calls if call.path == "/v1/me/top/tracks"]
    assert len(asked) == len(set(asked)) == 3
    assert len(taker.take(top_items(client, clock, taker.memory, "top_tracks", 5))) > 3


def test_a_saved_list_is_read_whole_once_and_then_costs_one_call(
    client: SpotifyClient, clock: Any, taker: Taker
) -> None:
    rows = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
    tracks, (look,) = named(rows, "saved_tracks"), named(rows, "list_observations")
    assert (look["total"], look["is_whole"]) == (len(tracks), True)
    assert [row["position"] for row in tracks] == list(range(len(tracks)))
    assert {row["observed_at"] for row in tracks} == {look["observed_at"]}
    assert len(tracks) > 50
    before = client.calls

    assert taker.take(saved_items(client, clock, taker.memory, "saved_tracks")) == []
    assert client.calls == before + 1


def test_what_was_saved_since_is_read_alone(
    client: SpotifyClient, clock: Any, service: Service, taker: Taker
) -> None:
    end = service.clock.now
    service.clock.advance(timedelta(days=-30))
    first = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
    total = len(named(first, "saved_tracks"))
    while service.clock.now < end:
        service.clock.advance(timedelta(hours=12))
        rows = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
        for look in named(rows, "list_observations"):
            found = named(rows, "saved_tracks")
            assert look["total"] == len(found)
            if not look["is_whole"]:
                total += len(found)
                truth = service.account().kept("tracks", service.clock.now)
                assert total == len(truth)
                assert {row["track"]["id"] for row in found} <= {kept.item.id for kept in truth}
                return
            total = len(found)
    pytest.fail("nothing was ever saved")


def test_a_list_that_changes_while_it_is_read_is_read_again(
    client: SpotifyClient, clock: Any, service: Service, taker: Taker
) -> None:
    service.faults.next("duplicate_page", paths="/v1/me/tracks")
    rows = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
    (look,) = named(rows, "list_observations")
    of_look = [
        row for row in named(rows, "saved_tracks") if row["observed_at"] == look["observed_at"]
    ]
    assert len(of_look) == look["total"]
    ids = {row["track"]["id"] for row in of_look}
    assert ids == {kept.item.id for kept in service.account().kept("tracks", service.clock.now)}


def test_a_list_that_changes_each_time_is_left_for_the_next_run(
    client: SpotifyClient, clock: Any, service: Service, taker: Taker
) -> None:
    service.faults.next("duplicate_page", paths="/v1/me/tracks", times=2)
    rows = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
    assert named(rows, "list_observations") == []
    rows = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
    assert [row["is_whole"] for row in named(rows, "list_observations")] == [True]


def test_a_look_that_broke_off_goes_on_where_it_stopped(
    client: SpotifyClient, settings: Settings, clock: Any, service: Service, taker: Taker
) -> None:
    short = open_client(settings, "me", budget=2, clock=clock)
    with pytest.raises(BudgetSpent):
        taker.take(followed_and_saved(short, clock, taker.memory))
    asked = [call.query for call in service.calls if call.path == "/v1/me/tracks"]
    service.calls.clear()

    rows = taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))

    again = [call.query for call in service.calls if call.path == "/v1/me/tracks"]
    assert [query for query in again if query in asked] == asked[:1]  # is it still the same list?
    (look,) = named(rows, "list_observations")
    assert look["total"] == len(named(taker.rows, "saved_tracks"))


def followed_and_saved(client: SpotifyClient, clock: Any, memory: Memory) -> Iterator[Answer]:
    """One call for the artists leaves one for the tracks."""
    client.call("artists", lambda spotify: spotify.current_user_followed_artists(limit=1))
    yield from saved_items(client, clock, memory, "saved_tracks")


def test_followed_artists_are_read_by_cursor_to_the_end(
    client: SpotifyClient, clock: Any, service: Service, taker: Taker
) -> None:
    rows = taker.take(followed_artists(client, clock, taker.memory))
    ids = [row["artist"]["id"] for row in named(rows, "followed_artists")]
    (look,) = named(rows, "list_observations")
    assert look["total"] == len(ids)
    assert set(ids) == {kept.item.id for kept in service.account().kept("artists", clock.now())}


def test_an_account_is_told_once_and_without_what_is_private(
    client: SpotifyClient, clock: Any, taker: Taker
) -> None:
    (row,) = named(taker.take(user(client, clock, taker.memory)), "users")
    assert not {"email", "explicit_content", "birthdate"} & row.keys()
    assert taker.take(user(client, clock, taker.memory)) == []


class Pages:
    """Answers the client with these pages, whatever is asked."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages, self.asked = list(pages), 0

    def __call__(self, _endpoint: str, _ask: object) -> dict[str, Any]:
        page = self.pages[self.asked]
        self.asked += 1
        return page


def artists(*numbers: int | None) -> list[dict[str, Any] | None]:
    return [None if number is None else {"id": f"artist {number}"} for number in numbers]


MORE = "https://spotify.test/?after=x"


@pytest.mark.parametrize(
    "pages",
    [
        [{"items": artists(1, 2), "next": MORE}, {"items": artists(3), "next": None}],
        [
            {"items": artists(1, 2), "next": MORE, "total": None},
            {"items": artists(3), "next": None, "total": None},
        ],
        [
            {"items": artists(1, 2), "cursors": {"after": "x"}},
            {"items": artists(3), "cursors": {"after": None}},
        ],
        [
            {"items": artists(1, 2), "next": MORE, "total": 4},
            {"items": artists(3), "next": None, "total": 4},
        ],
        [
            {"items": artists(1, 2), "next": MORE, "total": 2},
            {"items": artists(3), "next": None, "total": 2},
        ],
        [
            {"items": artists(1, 2), "next": MORE, "total": 3},
            {"items": artists(3), "next": None, "total": 3},
        ],
    ],
    ids=["no total", "total null", "cursor alone", "too high", "too low", "no cursors"],
)
def test_a_list_ends_where_no_next_page_is_named(
    client: SpotifyClient,
    clock: Any,
    taker: Taker,
    monkeypatch: pytest.MonkeyPatch,
    pages: list[dict[str, Any]],
) -> None:
    monkeypatch.setattr(client, "call", Pages(*pages))
    listing = Listing("followed_artists", lambda *_: {}, lambda item: item["id"], dict)
    rows = taker.take(look_at(client, clock, taker.memory, listing))
    (look,) = named(rows, "list_observations")
    # what a list is said to hold and does not show is not gone
    assert (look["total"], look["is_whole"]) == (3, pages[0].get("total") != 4)
    assert [row["id"] for row in named(rows, "followed_artists")] == [
        "artist 1",
        "artist 2",
        "artist 3",
    ]


def test_nulls_on_two_pages_are_no_sign_of_a_change(
    client: SpotifyClient, clock: Any, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages(
        {"items": artists(None, 1), "next": MORE, "total": 4},
        {"items": artists(None, 2), "next": None, "total": 4},
    )
    monkeypatch.setattr(client, "call", pages)
    listing = Listing("playlists", lambda *_: {}, lambda item: item.get("id", ""), dict)
    rows = taker.take(look_at(client, clock, taker.memory, listing))
    assert [look["total"] for look in named(rows, "list_observations")] == [4]


def test_an_answer_without_items_is_no_empty_list(
    client: SpotifyClient, clock: Any, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "call", Pages({"total": 3}))
    with pytest.raises(TypeError, match="without items"):
        taker.take(saved_items(client, clock, taker.memory, "saved_tracks"))
    assert taker.rows == []


def test_a_look_that_is_given_up_is_told(
    client: SpotifyClient, clock: Any, service: Service, taker: Taker
) -> None:
    service.faults.next("duplicate_page", paths="/v1/me/tracks", times=2)
    answers = list(saved_items(client, clock, taker.memory, "saved_tracks"))
    assert [note for answer in answers for note in answer.notes] == [
        "saved_tracks: its pages did not fit together, twice; the next look may be whole"
    ]


def test_what_is_stored_has_no_nulls_and_only_text_that_can_be_written() -> None:
    kept = stored({"genres": [None, "a"], "name": "cut \ud83d", "artists": [None, {"id": "x"}]})
    assert kept == {"genres": ["a"], "name": "cut ?", "artists": [{"id": "x"}]}
