"""Plays that Spotify reported beside those that it exported: each once, in any order of arrival."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from simulator import Account, Extended, World, imagine, write_export
from simulator.web_api import Service, serve
from tests.marts.conftest import Home


@pytest.fixture(scope="module")
def world() -> World:
    """Five months: a sign-in lives for six."""
    return imagine(3_000, seed=31, start=date(2025, 5, 1), end=date(2025, 10, 1))


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with serve(world, now=moment(world, 0.5), contract="extended") as service:
        yield service


def moment(world: World, share: float) -> datetime:
    """Just after this share of the plays was over."""
    return world.plays[int(share * (len(world.plays) - 1))].ended_at + timedelta(minutes=1)


def export(world: World, folder: Path, part: Extended | Account) -> Path:
    path = folder / f"{type(part).__name__}_{part.until}.zip"
    write_export(world, path, [part])
    return path


def test_every_reported_play_is_there_once_beside_the_exported(
    home: Home, world: World, service: Service
) -> None:
    first_poll, last_poll = service.clock.now, moment(world, 0.65)
    home.poll(service, until=last_poll, patience=timedelta(days=8))
    home.ingest(export(world, home.folder, Extended("extended_2026", moment(world, 0.6).date())))
    home.build()

    [(collected,)] = home.query("select count(*) from spotify_api.recently_played")
    assert collected >= len(service.shown_plays(first_poll, last_poll)) > 300
    [(in_api, in_both, estimated)] = home.query(
        "select count(*), count(*) filter (in_extended_export), count(estimated_ms_played)"
        " from marts.fct_plays where in_api"
    )
    assert in_api == collected
    assert estimated == in_api - in_both
    # of the days that the export knows, all but the plays that Spotify leaves out of it match
    [(last_exported,)] = home.query(
        "select max(ended_at) - interval 1 hour from marts.fct_plays where in_extended_export"
    )
    shown = service.account().shown.between(
        first_poll - timedelta(days=30), last_exported.replace(tzinfo=UTC)
    )
    unknown = {play.played_at.replace(tzinfo=None) for play in shown if not play.is_in_export}
    alone = home.query(
        "select ended_at from marts.fct_plays"
        " where in_api and not in_extended_export and ended_at <= ?",
        [last_exported],
    )
    assert {ended_at for (ended_at,) in alone} <= unknown


def test_a_reported_play_keeps_its_key_when_exports_arrive(
    home: Home, world: World, service: Service
) -> None:
    keys = "select listener, play_key from marts.fct_plays where in_api order by all"
    home.poll(service, until=moment(world, 0.6))
    home.build(tested=False)
    before = home.query(keys)

    home.ingest(export(world, home.folder, Account(moment(world, 0.6).date())))
    home.build(tested=False)
    assert home.query(keys) == before

    home.ingest(export(world, home.folder, Extended("extended_2026", moment(world, 0.6).date())))
    home.build()
    assert home.query(keys) == before
    [(told,)] = home.query("select count(ms_played) from marts.fct_plays where in_api")
    assert told > 200


def test_a_code_that_is_learned_late_makes_one_play_of_two(
    home: Home, world: World, service: Service
) -> None:
    """Spotify reports one id and exports another, by another title: only the ISRC can tell."""
    home.ingest(export(world, home.folder, Extended("extended_2026", moment(world, 0.6).date())))
    home.poll(service, until=moment(world, 0.55))
    [(row, track)] = home.query(
        "select polled._dlt_id, track__id from spotify_api.recently_played as polled"
        " inner join spotify_export.streaming_history as exported"
        " on spotify_track_uri = 'spotify:track:' || track__id"
        " and ts = date_trunc('second', played_at) order by played_at desc limit 1"
    )
    home.query(
        "update spotify_api.recently_played set track__id = 'another', track__name = 'Another',"
        " track__external_ids__isrc = null where _dlt_id = $1",
        [row],
    )
    home.build(tested=False)
    alone = (
        "select in_extended_export, match_rule from marts.fct_plays"
        " inner join marts.bridge_play_records as records using (play_key)"
        " where records.track_id = 'another'"
    )
    assert home.query(alone) == [(False, "first_record")]

    [(known,)] = home.query("select min(_dlt_id) from spotify_api.tracks where id = $1", [track])
    home.query(
        "insert into spotify_api.tracks by name"
        " select * replace ('another' as id, 'new' as _dlt_id) from spotify_api.tracks"
        " where _dlt_id = $1",
        [known],
    )
    for child in ("tracks__artists", "tracks__album__artists"):
        home.query(
            f"insert into spotify_api.{child} by name"
            f" select * replace ('new' as _dlt_parent_id) from spotify_api.{child}"
            " where _dlt_parent_id = $1",
            [known],
        )
    home.build()
    assert home.query(alone) == [(True, "same_recording_and_second")]

    held = home.marts()
    home.build(full_refresh=True)
    assert home.marts() == held


def test_a_polled_play_of_a_local_file_is_a_play(
    home: Home, world: World, service: Service
) -> None:
    """Spotify names no id of it, and of a play whose track it has lost nothing but the time."""
    home.poll(service, until=moment(world, 0.51))
    rows = [
        row
        for (row,) in home.query(
            "select _dlt_id from spotify_api.recently_played order by played_at desc limit 3"
        )
    ]
    for row, name, uri in zip(
        rows,
        ("One", "Two", None),
        ("spotify:local:A:B:One:200", "spotify:local:A:B:Two:200", None),
        strict=True,
    ):
        home.query(
            "update spotify_api.recently_played set track__id = null, track__name = $2,"
            " track__uri = $3 where _dlt_id = $1",
            [row, name, uri],
        )
    home.build()

    plays = home.query(
        "select track_name, content_type from marts.fct_plays where track_id is null order by all"
    )
    assert plays == [("One", "track"), ("Two", "track"), (None, "unknown")]
