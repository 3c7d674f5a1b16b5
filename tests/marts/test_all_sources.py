"""All sources of random lives, in random order and batches, with builds killed in between.

Whatever happened on the way, the marts equal the truth, those of all sources loaded at once, and
the full refresh. `WORLDS=20 make test` tries more lives than one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simulator import Account, Extended, World, expected_plays, imagine, write_export
from simulator.web_api import serve
from tests.marts.conftest import LINEAGE, WORLDS, Home

#: What is looked up by its names, before an id is known, stays in the catalogue without plays.
OF_THE_CATALOGUE = {
    *("dim_tracks", "dim_track_features", "dim_recordings", "dim_albums", "bridge_track_artists"),
    "mon_enrichment_coverage",
}
#: They tell what was done when.
OF_THE_RUNS = {"mon_imports", "mon_collection_runs"}


def day(world: World, share: float) -> date:
    return world.plays[int(share * (len(world.plays) - 1))].ended_at.date()


def write_exports(world: World, folder: Path, dice: Random) -> dict[Path, Extended | Account]:
    """Two extended exports of two eras that overlap, and account data, each to a random day."""
    parts = [
        Extended("extended_2023", day(world, dice.uniform(0.2, 0.5))),
        Extended("extended_2026", day(world, dice.uniform(0.45, 0.7))),
        Account(day(world, dice.uniform(0.55, 0.75))),
    ]
    exports = {folder / f"my_spotify_data_{number}.zip": part for number, part in enumerate(parts)}
    for path, part in exports.items():
        write_export(world, path, [part])
    return exports


@pytest.mark.parametrize("seed", WORLDS)
def test_every_play_of_every_source_is_there_once_whatever_the_order(
    tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311
    world = imagine(2_500, seed=seed, start=date(2025, 5, 1), end=date(2025, 10, 1))
    exports = write_exports(world, tmp_path, dice)
    at_once, home = Home(tmp_path / "at_once"), Home(tmp_path / "step_by_step")
    first_poll = world.plays[len(world.plays) // 2].ended_at + timedelta(minutes=1)
    last_polls = [
        first_poll + timedelta(days=days) for days in sorted(dice.sample(range(5, 30), 3))
    ]

    the_end = last_polls[-1] + timedelta(hours=8)

    with serve(world, now=first_poll, contract="extended") as service:
        at_once.ingest(*exports)
        for last_poll in last_polls:
            at_once.poll(service, until=last_poll)
        at_once.poll(service, until=the_end)
        at_once.build(tested=False)

        service.clock.now = first_poll
        steps = _shuffled(
            dice,
            [lambda export=export: home.ingest(export) for export in exports],
            [
                lambda until=until: home.poll(
                    service, until=until, patience=timedelta(days=dice.randint(4, 9))
                )
                for until in last_polls
            ],
        )
        for step in steps:
            step()
            if dice.random() < 0.3:
                _build(home, dice)
        home.poll(service, until=the_end)
        shown = service.account().shown.between(datetime.min.replace(tzinfo=UTC), the_end)
    home.build()

    _check_against_the_truth(home, world, list(exports.values()), {p.played_at for p in shown})
    differing = _differing(home, at_once)
    assert differing <= OF_THE_CATALOGUE | OF_THE_RUNS
    held = home.marts()
    home.build(full_refresh=True)
    assert home.marts() == held


def _differing(home: Home, other: Home) -> set[str]:
    """Marts that differ, but for the key of what a month was computed from."""
    held, expected = (one.marts(leaving_out=LINEAGE | {"input_key"}) for one in (home, other))
    return {mart for mart in held if held[mart] != expected[mart]}


def _shuffled(
    dice: Random, loads: list[Callable[[], Any]], polls: list[Callable[[], Any]]
) -> list[Callable[[], Any]]:
    """Loads anywhere among the polls, which keep their order: time goes on."""
    steps = list(polls)
    for load in loads:
        steps.insert(dice.randrange(len(steps) + 1), load)
    return steps


def _build(home: Home, dice: Random) -> None:
    """Build, or die at it."""
    if dice.random() < 0.5:
        home.build(tested=False)
    else:
        home.kill(home.start("build"), after_tables=dice.randrange(40))


def _check_against_the_truth(
    home: Home, world: World, parts: list[Extended | Account], shown: set[datetime]
) -> None:
    held = Counter(
        home.query(
            "select timezone('UTC', ended_at), track_name, ms_played"
            " from marts.fct_plays"
            " where is_counted and in_extended_export and track_name is not null"
        )
    )
    truth = Counter(
        play.key
        for play in expected_plays(world, parts)
        if play.is_counted and play.in_extended and play.uri and "track" in play.uri
    )
    assert held == truth

    polled = Counter(
        home.query(
            "select timezone('UTC', played_at) from marts.bridge_play_records"
            " where record_kind = 'recently_played'"
        )
    )
    assert polled
    assert set(polled.values()) == {1}
    assert {played_at for (played_at,) in polled} <= shown
    [(in_api, records)] = home.query(
        "select (select count(*) from marts.fct_plays where in_api),"
        " (select count(*) from spotify_api.recently_played)"
    )
    assert in_api == records == polled.total()
    [(unmatched,)] = home.query(
        "select count(*) from marts.mon_source_overlap where other_source = 'extended'"
        " and source_found_share < 0.95"
    )
    assert unmatched == 0, "more polled plays stand alone than Spotify leaves out of its exports"
