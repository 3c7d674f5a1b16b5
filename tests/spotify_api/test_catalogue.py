"""Enrichment over real HTTP, in both contracts: everything that plays mention, each thing once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.settings import Settings
from ingestion.spotify_api.catalogue import KINDS, Name, look_up, search
from ingestion.spotify_api.client import SpotifyClient, Unavailable
from ingestion.spotify_api.collecting import Outcome
from ingestion.spotify_api.spool import Answer, Spool
from ingestion.spotify_api.state import Memory
from ingestion.spotify_api.store import Store
from ingestion.spotify_export.importing import import_exports
from ingestion.warehouse import open_warehouse
from simulator import Account, Extended, World, write_export
from simulator.web_api import Contract, Service, serve

Collect = Callable[..., Outcome]
Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def contract() -> Contract:
    return "development"


@pytest.fixture
def service(world: World, now: datetime, contract: Contract) -> Iterator[Service]:
    with serve(world, now=now, contract=contract) as service:
        yield service


@pytest.fixture
def with_export(world: World, settings: Settings, tmp_path: Path) -> None:
    """Two years of the extended history are loaded."""
    path = tmp_path / "my_spotify_data.zip"
    write_export(world, path, [Extended("extended_2026", until=date(2022, 1, 1))])
    import_exports(settings.model_copy(update={"export": [path]}))


def single_lookups(service: Service) -> Counter[str]:
    kinds = ("tracks", "artists", "albums", "episodes", "shows")
    paths = [call.path.split("/")[2:] for call in service.calls if call.status == 200]
    return Counter("/".join(path) for path in paths if path[0] in kinds and len(path) == 2)


def batches(service: Service) -> Counter[str]:
    return Counter(
        call.path.split("/")[2]
        for call in service.calls
        if call.status == 200 and call.query.startswith("ids=")
    )


def missing(query: Query, kind: str) -> list[tuple[Any, ...]]:
    """What the catalogue lacks of what it should have."""
    wanted = {
        "tracks": "select substr(spotify_track_uri, 15) from spotify_export.streaming_history"
        " where spotify_track_uri is not null",
        "artists": "select id from tracks__artists",
        "albums": "select album__id from tracks",
        "episodes": "select substr(spotify_episode_uri, 17) from spotify_export.streaming_history"
        " where spotify_episode_uri is not null",
        "shows": "select show__id from episodes",
    }[kind]
    return query(f"({wanted}) except (select id from {kind} union select id from catalogue_misses)")


@pytest.mark.usefixtures("with_export")
def test_a_budget_is_spent_on_the_most_played_and_the_next_run_goes_on(
    collect: Collect, query: Query, service: Service
) -> None:
    outcome = collect(max_calls=60)
    assert (outcome.outcome, outcome.calls) == ("budget_spent", 60)
    looked_up = query(
        "select id from tracks except select track__id from recently_played"
        " except select track__id from saved_tracks except select track__id from top_tracks"
        " except select item__id from playlist_tracks"
    )
    plays = dict(
        query(
            "select substr(spotify_track_uri, 15), count(*) from spotify_export.streaming_history"
            " where spotify_track_uri is not null group by all"
        )
    )
    for (ignored,) in missing(query, "tracks"):
        assert all(plays[ignored] <= plays.get(id_, 10**6) for (id_,) in looked_up)

    while collect(max_calls=400).outcome == "budget_spent":
        pass

    for kind in ("tracks", "artists", "albums", "episodes", "shows"):
        assert missing(query, kind) == []
    assert set(single_lookups(service).values()) == {1}


@pytest.mark.parametrize("contract", ["extended"])
@pytest.mark.usefixtures("with_export")
def test_an_app_that_may_ask_for_several_uses_a_fiftieth_of_the_calls(
    collect: Collect, query: Query, service: Service
) -> None:
    assert collect().outcome == "complete"
    for kind in ("tracks", "artists", "albums", "episodes", "shows"):
        assert missing(query, kind) == []
    assert sum(single_lookups(service).values()) <= 2
    tracks = query("select count(*) from tracks")[0][0]
    assert batches(service)["tracks"] <= tracks / 50 + 1


@pytest.mark.usefixtures("with_export")
def test_what_is_refused_is_noted_and_asked_again_after_a_day(
    collect: Collect, query: Query, service: Service
) -> None:
    refused = "select count(*) from endpoint_refusals where endpoint = 'several_tracks'"
    collect(max_calls=60)
    collect(max_calls=60)
    assert query(refused) == [(1,)]
    service.clock.advance(timedelta(days=1))
    collect(max_calls=60)
    assert query(refused) == [(2,)]


@pytest.mark.usefixtures("with_export")
def test_what_spotify_no_longer_has_is_a_miss_and_not_asked_for_again(
    collect: Collect, query: Query, settings: Settings
) -> None:
    gone = "0" * 22
    collect(max_calls=0)
    query(
        "insert into spotify_export.streaming_history (ts, ms_played, spotify_track_uri)"
        f" select now(), 1, 'spotify:track:{gone}' from range(9999)"
    )
    collect(max_calls=60)
    assert query(f"select kind, status from catalogue_misses where id = '{gone}'") == [
        ("tracks", 404)
    ]
    assert settings.refresh_catalogue_after_days == 180
    collect(max_calls=60)
    assert query(f"select count(*) from catalogue_misses where id = '{gone}'") == [(1,)]


def test_what_is_old_is_asked_for_again(collect: Collect, query: Query, service: Service) -> None:
    while collect(max_calls=400).outcome == "budget_spent":
        pass
    service.clock.advance(timedelta(days=181))
    while collect(max_calls=400).outcome == "budget_spent":
        pass
    assert query(
        "select count(*) from (select id from artists group by id having count(*) < 2"
        f" and max(observed_at) < '{service.clock.now - timedelta(days=180)}')"
    ) == [(0,)]


def test_plays_without_any_id_are_searched_by_exactly_their_names(
    collect: Collect,
    query: Query,
    settings: Settings,
    world: World,
    service: Service,
    tmp_path: Path,
) -> None:
    path = tmp_path / "my_spotify_data.zip"
    write_export(world, path, [Account(until=service.clock.now.date())])
    import_exports(settings.model_copy(update={"export": [path]}))

    while collect(max_calls=400).outcome == "budget_spent":
        pass

    found = query(
        "select matches.artist_name, matches.track_name, tracks.name,"
        " list(artists.name) from name_matches as matches"
        " join tracks on tracks.id = matches.track_id"
        " join tracks__artists as artists on artists._dlt_parent_id = tracks._dlt_id group by all"
    )
    assert found
    for artist, track, name, artists in found:
        assert track.casefold() == name.casefold()
        assert artist.casefold() in [name.casefold() for name in artists]
    searches = Counter(call.query for call in service.calls if call.path == "/v1/search")
    assert set(searches.values()) == {1}


@pytest.mark.usefixtures("with_export")
def test_one_object_that_spotify_fails_to_give_keeps_no_other_from_coming(
    collect: Collect, query: Query, service: Service
) -> None:
    collect(max_calls=2)
    ((broken,),) = query(
        "select album__id from tracks group by 1 order by count(*) desc, 1 limit 1"
    )
    service.faults.next("server_error", paths=f"/v1/albums/{broken}", times=None)
    while collect(max_calls=400).outcome == "budget_spent":
        pass
    assert missing(query, "albums") == []
    assert query("select id, status from catalogue_misses where status >= 500") == [(broken, 500)]

    service.faults.clear()
    service.clock.advance(timedelta(days=1, minutes=1))
    collect(max_calls=60)
    assert query(f"select count(*) from albums where id = '{broken}'") == [(1,)]


def test_several_failures_in_a_row_are_spotifys_own(
    client: SpotifyClient, clock: Any, service: Service
) -> None:
    service.faults.next("server_error", paths="/v1/albums/*", times=None)
    answers = look_up(client, clock, Memory({}), KINDS["albums"], ["a", "b", "c", "d"])
    refused, *misses = [
        row for answer in (next(answers) for _ in range(3)) for _, row in answer.rows
    ]
    assert refused["endpoint"] == "several_albums"
    assert [(row["id"], row["status"]) for row in misses] == [("a", 500), ("b", 500)]
    with pytest.raises(Unavailable):
        next(answers)


def test_one_object_that_spotify_refuses_keeps_no_other_from_coming(
    collect: Collect, service: Service, query: Query
) -> None:
    collect(max_calls=30)
    ((refused,),) = query("select track__id from recently_played order by played_at desc limit 1")
    query("delete from tracks")
    service.faults.next("server_error", paths=f"/v1/tracks/{refused}", times=None, status=400)
    assert not collect().needs_attention
    assert query("select status from catalogue_misses where kind = 'tracks'") == [(400,)]
    assert query("select count(*) > 10 from tracks") == [(True,)]


def test_a_kind_that_spotify_refuses_is_asked_for_three_times(
    collect: Collect, service: Service, query: Query
) -> None:
    collect(max_calls=30)
    query("delete from tracks")
    service.faults.next("server_error", paths="/v1/tracks/*", times=None, status=400)
    made = len(service.calls)
    assert "Spotify refuses tracks: 400" in (collect().unanswered or "")
    assert sum(call.path.startswith("/v1/tracks/") for call in service.calls[made:]) == 3
    assert query("select endpoint, status from endpoint_refusals where endpoint = 'tracks'") == [
        ("tracks", 400)
    ]


def test_a_name_that_cannot_be_searched_for_is_not_found(
    client: SpotifyClient, clock: Any, service: Service
) -> None:
    service.faults.next("server_error", paths="/v1/search", status=400)
    names = [Name("an artist", "odd"), Name("an artist", "another")]
    answers = list(search(client, clock, names))
    assert [answer.rows[0][1]["track_name"] for answer in answers] == ["odd", "another"]
    assert answers[0].rows[0][1]["track_id"] is None


def test_a_carried_object_without_a_type_is_known_by_its_uri_or_its_place(
    settings: Settings,
) -> None:
    seen = {"observed_at": "2026-01-01T00:00:00Z"}
    rows = [
        ("saved_tracks", {**seen, "track": {"id": "by its place"}}),
        ("playlist_tracks", {**seen, "item": {"id": "track", "uri": "spotify:track:x"}}),
        ("playlist_tracks", {**seen, "item": {"id": "episode", "uri": "spotify:episode:x"}}),
        ("playlist_tracks", {**seen, "item": {"id": "neither"}}),
    ]
    Spool(settings, "me").add(Answer(rows), datetime.now(UTC))
    with open_warehouse(settings) as warehouse:
        Store(warehouse, "me", timedelta(days=1)).load(Spool(settings, "me"))
        tracks = warehouse.query("select id from spotify_api.tracks order by id")
        episodes = warehouse.query("select id from spotify_api.episodes")
    assert (tracks, episodes) == ([("by its place",), ("track",)], [("episode",)])
