"""What the listener kept at any time, derived from looks: beside what was true at that time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import load_settings
from ingestion.spotify_api.collecting import Collector
from simulator import World, imagine
from simulator.web_api import Service, serve
from simulator.web_api.keeping import Kind, LocalFile
from tests.marts.conftest import Home
from tests.spotify_api.conftest import SharedClock

SAVED_KINDS: tuple[Kind, ...] = ("tracks", "albums", "artists", "shows", "episodes")

LOOKS = 9
#: Of these, the first breaks off half-way, the second brings nothing.
BROKEN_OFF, REFUSED = 0, 4

Entries = Counter[tuple[str, str, datetime]]
"""Playlist id, URI and time of adding of all that playlists hold, local files left out."""


@pytest.fixture(scope="module")
def world() -> World:
    """Five months: a sign-in lives for six."""
    return imagine(1_000, seed=31, start=date(2025, 5, 1), end=date(2025, 10, 1))


@pytest.fixture(scope="module")
def service(world: World) -> Iterator[Service]:
    start = world.plays[len(world.plays) // 2].ended_at
    with serve(world, now=start, contract="extended") as service:
        yield service


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("lists"))


@pytest.fixture(scope="module")
def looked_at(home: Home, world: World, service: Service) -> list[datetime]:
    """When everything could be looked at, UTC; two looks besides went wrong."""
    collector = _collector(home, service)
    step = (world.plays[-1].ended_at - service.clock.now) / LOOKS
    times = []
    for look in range(LOOKS):
        if look == BROKEN_OFF:
            service.faults.next("duplicate_page", paths="/v1/me/tracks", times=None)
        elif look == REFUSED:
            for paths in ("/v1/me/tracks", "/v1/me/playlists", "/v1/playlists/*"):
                service.faults.next("server_error", paths=paths, times=None)
        else:
            times.append(service.clock.now)
        collector.poll()
        service.faults.clear()
        service.clock.advance(step.total_seconds())
    collector.close()
    home.build()
    return times


def _collector(home: Home, service: Service) -> Collector:
    settings = load_settings(
        duckdb_path=home.duckdb_path,
        spotify_tokens=home.folder / "tokens.json",
        **service.settings_of(),
        max_calls_per_day=100_000,
        listener="me",
    )
    ensure_raw_tables(settings, ["me"])
    # half of the looks wait for the others: each load takes its time
    return Collector(settings, "me", clock=SharedClock(service), patience=timedelta(days=30))


def _truth(service: Service, now: datetime) -> Entries:
    return Counter(
        (playlist.id, entry.item.uri, entry.added_at.replace(tzinfo=None, microsecond=0))
        for playlist in service.account().playlists_at(now)
        for entry in playlist.entries_at(now)
        if entry.item and not isinstance(entry.item, LocalFile)
    )


def _members(home: Home, now: datetime) -> Entries:
    rows = home.query(
        "select playlist_id, item_uri, added_at from marts.fct_playlist_memberships"
        " where item_type <> 'local'"
        " and valid_from_at <= $1 and (valid_until_at is null or $1 < valid_until_at)",
        [now.astimezone(UTC).replace(tzinfo=None)],
    )
    return Counter((playlist, uri, added_at) for playlist, uri, added_at in rows)


def test_playlists_hold_at_every_look_what_they_held(
    home: Home, service: Service, looked_at: list[datetime]
) -> None:
    assert len({frozenset(_truth(service, now).items()) for now in looked_at}) > LOOKS / 2
    for now in looked_at:
        assert _members(home, now) == _truth(service, now)


def test_a_playlist_that_was_given_up_is_told_from_one_that_is_there(
    home: Home, service: Service, looked_at: list[datetime]
) -> None:
    rows = home.query("select playlist_id, is_listed from marts.dim_playlists")
    listed = {playlist.id for playlist in service.account().playlists_at(looked_at[-1])}
    assert {playlist for playlist, is_listed in rows if is_listed} == listed
    assert [is_listed for _, is_listed in rows].count(False) == 1


def test_saved_items_are_at_every_look_those_that_were_saved(
    home: Home, service: Service, looked_at: list[datetime]
) -> None:
    for now in looked_at:
        rows = home.query(
            "select item_uri from marts.fct_saved_items"
            " where coalesce(saved_at, first_observed_at) <= $1"
            " and (removed_at is null or $1 < removed_at)",
            [now.astimezone(UTC).replace(tzinfo=None)],
        )
        kept = {item.item.uri for kind in SAVED_KINDS for item in service.account().kept(kind, now)}
        assert {uri for (uri,) in rows} == kept


def test_a_look_that_broke_off_does_not_count(home: Home, looked_at: list[datetime]) -> None:
    [(rows, first_look)] = home.query(
        "select count(*) filter (looks.observed_at is null), min(looks.observed_at)"
        " from intermediate.int_list_entries as entries"
        " left join intermediate.int_list_looks as looks"
        " using (listener, list_name, list_id, observed_at)"
        " where list_name = 'saved_tracks'"
    )
    assert rows >= 50
    assert first_look.replace(tzinfo=UTC) == looked_at[0]


def test_ranks_move_by_what_the_lists_showed(
    home: Home, service: Service, looked_at: list[datetime]
) -> None:
    last, before = (
        [track.uri for track in service.account().top("tracks", "medium_term", now)[:50]]
        for now in (looked_at[-1], looked_at[-2])
    )
    rows = home.query(
        "select 'spotify:track:' || item_id, rank_change from marts.fct_top_items"
        " where item_type = 'track' and time_range = 'medium_term' and observed_at = ?"
        " order by item_rank",
        [looked_at[-1].astimezone(UTC).replace(tzinfo=None)],
    )
    assert rows == [
        (uri, before.index(uri) - rank if uri in before else None) for rank, uri in enumerate(last)
    ]
    assert any(change for _, change in rows)


def test_credits_and_coverage_follow_the_catalogue(home: Home, looked_at: list[datetime]) -> None:
    assert looked_at
    [(shares,)] = home.query(
        "select list(distinct round(total, 9)) from"
        " (select sum(credit_share) as total from marts.bridge_track_artists group by track_key)"
    )
    assert shares == [1.0]
    coverage = dict(home.query("select kind, coverage_share from marts.mon_enrichment_coverage"))
    assert coverage["tracks"] == 1.0
    [(genres,)] = home.query("select count(distinct broad_genre) from marts.bridge_artist_genres")
    assert genres > 3
