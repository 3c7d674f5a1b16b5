"""Plays that Spotify reported beside those that it exported: each once, in any order of arrival."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from simulator import Account, Extended, World, imagine, write_export
from simulator.web_api import Service, serve
from tests.marts.conftest import Home, Marts


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
    since, until = service.clock.now, moment(world, 0.8)
    home.poll(service, until=until)
    home.ingest(export(world, home.folder, Extended("extended_2026", moment(world, 0.7).date())))
    home.build()

    reported = [*service.account().shown.between(since, until)]
    collected = home.query("select count(*) from spotify_api.recently_played")[0][0]
    exported_until = home.query(
        "select max(ended_at) from marts.fct_plays where in_extended_export"
    )
    [(last_exported,)] = exported_until
    in_both = [
        play
        for play in reported
        if play.is_in_export and play.played_at.replace(tzinfo=None) <= last_exported
    ]

    [(plays, both, api_only)] = home.query(
        "select count(*) filter (in_api), count(*) filter (in_api and in_extended_export),"
        " count(*) filter (in_api and not in_extended_export) from marts.fct_plays"
    )
    assert collected >= len(reported) > 500
    assert plays == collected
    assert both + api_only == plays
    # the fifty that were there before the first poll are in the export as well
    assert both >= len(in_both)
    assert home.query(
        "select count(*) from marts.fct_plays where in_api"
        " and not in_extended_export and (ms_played is not null or estimated_ms_played is null)"
    ) == [(0,)]


def test_a_reported_play_keeps_its_key_when_exports_arrive(
    home: Home, world: World, service: Service
) -> None:
    home.poll(service, until=moment(world, 0.7))
    home.build()
    keys = "select listener, play_key from marts.fct_plays where in_api order by all"
    before = home.query(keys)

    home.ingest(export(world, home.folder, Account(moment(world, 0.6).date())))
    home.build()
    home.ingest(export(world, home.folder, Extended("extended_2026", moment(world, 0.7).date())))
    home.build()

    assert home.query(keys) == before
    assert home.query(
        "select count(*) > 400 from marts.fct_plays where in_api and ms_played > 0"
    ) == [(True,)]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_polls_and_exports_leaves_no_trace(
    world: World, service: Service, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("exports")
    exports = [
        export(world, folder, part)
        for part in (
            Extended("extended_2023", moment(world, 0.6).date()),
            Extended("extended_2026", moment(world, 0.75).date()),
            Account(moment(world, 0.85).date()),
        )
    ]
    now = service.clock.now

    def marts_of(*steps: Callable[[Home], None], built_between: bool) -> tuple[Home, Marts]:
        home = Home(tmp_path_factory.mktemp("home"))
        service.clock.now = now
        for step in steps:
            step(home)
            if built_between:
                home.build()
        home.build()
        return home, home.marts()

    def polls(until: float) -> Callable[[Home], None]:
        return lambda home: home.poll(service, until=moment(world, until))

    def imports(path: Path) -> Callable[[Home], None]:
        return lambda home: home.ingest(path) and None

    dice = random.Random(seed)  # noqa: S311
    steps = [imports(path) for path in dice.sample(exports, len(exports))]
    for until in (0.7, 0.9):  # time goes forward
        steps.insert(
            dice.randrange(0 if until == 0.7 else steps.index(first) + 1, len(steps) + 1),
            first := polls(until),
        )  # noqa: E501

    _, at_once = marts_of(
        *[imports(path) for path in exports], polls(0.7), polls(0.9), built_between=False
    )
    home, held = marts_of(*steps, built_between=True)

    assert [mart for mart in held if held[mart] != at_once[mart]] in ([], ["mon_imports"])
    home.build(full_refresh=True)
    assert home.marts() == held
