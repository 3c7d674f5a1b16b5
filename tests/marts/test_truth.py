"""The marts against the truth: what simulated listeners really played, play for play."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from ingestion.settings import load_settings
from ingestion.summary import show_summary
from simulator import (
    Account,
    Extended,
    World,
    expected_plays,
    imagine,
    retries_in_account_alone,
    write_export,
)
from tests.marts.conftest import Home, edited_seeds

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Listener:
    """Who played what, and the exports that tell of it."""

    world: World
    parts: list[Extended | Account]


def day(world: World, share: float) -> date:
    """The date by which this share of the plays was over."""
    return world.plays[int(share * (len(world.plays) - 1))].ended_at.date()


def with_three_exports(seed: int) -> Listener:
    """An early and a late history, and account data, which overlap."""
    world = imagine(6_000, seed=seed)
    end = world.plays[-1].ended_at.date() + timedelta(days=1)
    return Listener(
        world,
        [
            Extended("endsong", day(world, 0.4)),
            Extended("extended_2026", day(world, 0.9)),
            Account(end),
        ],
    )


@pytest.fixture(scope="module")
def listeners() -> dict[str, Listener]:
    """A household, by name."""
    return {
        **{f"seed_{seed}": with_three_exports(seed) for seed in SEEDS},
        "moves": Listener(imagine(4_000, seed=11), [Extended("extended_2026")]),
        "stays": Listener(imagine(3_000, seed=5), [Extended("extended_2026")]),
    }


@pytest.fixture(scope="module")
def household(
    listeners: dict[str, Listener], dbt_project_copy: Path, tmp_path_factory: pytest.TempPathFactory
) -> Home:
    """All their exports in one warehouse, built; the seeds tell where `moves` lived."""
    home = Home(tmp_path_factory.mktemp("household"))
    for name, listener in listeners.items():
        paths = [home.folder / f"{name}_{number}.zip" for number in range(len(listener.parts))]
        for path, part in zip(paths, listener.parts, strict=True):
            write_export(listener.world, path, [part])
        home.ingest(*paths, listener=name)
    with edited_seeds(dbt_project_copy) as seeds:
        with (seeds / "listener_time_zones.csv").open("a") as file:
            for place in listeners["moves"].world.life.homes:
                file.write(f"moves,{place.zone},{place.since:%Y-%m-%d %H:%M:%S}\n")
        home.build()
    return home


@pytest.mark.parametrize("seed", SEEDS)
def test_every_play_of_three_overlapping_exports_is_there_once(
    household: Home, listeners: dict[str, Listener], seed: int
) -> None:
    world, parts = listeners[f"seed_{seed}"].world, listeners[f"seed_{seed}"].parts

    held = Counter(
        household.query(
            "select timezone('UTC', ended_at), coalesce(track_name, episode_name, chapter_name),"
            " ms_played, in_extended_export, in_account_export from marts.fct_plays"
            " where is_counted and listener = ?",
            [f"seed_{seed}"],
        )
    )
    truth = Counter(
        (*play.key, play.in_extended, play.in_account)
        for play in expected_plays(world, parts)
        if play.is_counted
    )
    assert truth - held == Counter()
    # where account data is alone, its minutes cannot settle every retry
    undecided = {record.play.ms_played for record in retries_in_account_alone(world, parts)}
    assert {ms_played for _, _, ms_played, *_ in held - truth} <= undecided


def test_each_play_is_on_the_clock_of_where_its_listener_lived(
    household: Home, listeners: dict[str, Listener]
) -> None:
    world = listeners["moves"].world
    assert len({place.zone for place in world.life.homes}) > 1, "a listener who never moved"

    held = Counter(
        household.query(
            "select ended_at, ended_at_local, listening_date, year_month, dow, hour, time_zone"
            " from marts.fct_plays where is_counted and listener = 'moves'"
        )
    )
    truth: Counter[tuple[object, ...]] = Counter()
    for play in world.plays:
        if play.is_counted:
            local = play.ended_at.astimezone(ZoneInfo(play.home.zone)).replace(tzinfo=None)
            truth[
                (
                    play.ended_at.replace(tzinfo=None),
                    local,
                    local.date(),
                    f"{local:%Y-%m}",
                    local.isoweekday(),
                    local.hour,
                    play.home.zone,
                )
            ] += 1
    assert held == truth
    assert {local.month for _, local, *_ in truth} >= {3, 10}, "no daylight saving in the data"


def test_the_daily_hours_are_the_hours_that_were_played(
    household: Home, listeners: dict[str, Listener]
) -> None:
    [(hours, streams)] = household.query(
        "select sum(listening_hours), sum(stream_count) from marts.agg_daily_listening"
        " where listener = 'stays'"
    )

    counted = [play for play in listeners["stays"].world.plays if play.is_counted]
    assert streams == len(counted)
    assert hours == pytest.approx(sum(play.ms_played for play in counted) / 3_600_000, abs=1e-6)


def test_of_many_listeners_one_is_told_of_in_full_and_the_others_in_a_line_each(
    household: Home, listeners: dict[str, Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _summary(household, "stays")
    lines = [line.strip() for line in told.splitlines()]
    assert told.count(", on the clocks of ") == 1
    assert "stays, on the clocks of Europe/Oslo" in told
    [(streams,)] = household.query(
        "select count(*) from marts.fct_plays where is_counted and listener = 'moves'"
    )
    [line] = [line for line in lines if line.startswith("moves ")]
    assert f" {streams:,} " in line
    assert sum(line.startswith(tuple(listeners)) for line in lines) == len(listeners)

    monkeypatch.setattr("ingestion.summary._LINES", 1)
    told = _summary(household, "nobody")
    assert ", on the clocks of " not in told
    assert f"... and {len(listeners) - 1} more, in marts.dim_listeners" in told

    monkeypatch.setattr("ingestion.summary._HOUSEHOLD", len(listeners))
    assert _summary(household, "nobody").count(", on the clocks of ") == len(listeners)


def _summary(home: Home, listener: str) -> str:
    console = Console(file=StringIO(), width=120)
    show_summary(console, load_settings(duckdb_path=home.duckdb_path, listener=listener))
    told = console.file
    assert isinstance(told, StringIO)
    return told.getvalue()
