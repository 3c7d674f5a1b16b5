"""The marts against the truth: what a simulated listener really played, play for play."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from simulator import (
    Account,
    Extended,
    World,
    expected_plays,
    imagine,
    retries_in_account_alone,
    write_export,
)
from tests.marts.conftest import Home


def write_parts(world: World, folder: Path, parts: list[Extended | Account]) -> list[Path]:
    paths = [folder / f"my_spotify_data_{number}.zip" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        write_export(world, path, [part])
    return paths


def day(world: World, share: float) -> date:
    """The date by which this share of the plays was over."""
    return world.plays[int(share * (len(world.plays) - 1))].ended_at.date()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_play_of_three_overlapping_exports_is_there_once(home: Home, seed: int) -> None:
    world = imagine(6_000, seed=seed)
    end = world.plays[-1].ended_at.date() + timedelta(days=1)
    parts: list[Extended | Account] = [
        Extended("endsong", day(world, 0.4)),
        Extended("extended_2026", day(world, 0.9)),
        Account(end),
    ]

    home.ingest(*write_parts(world, home.folder, parts))
    home.build()

    held = Counter(
        home.query(
            "select timezone('UTC', ended_at), coalesce(track_name, episode_name, chapter_name),"
            " ms_played, in_extended_export, in_account_export from marts.fct_plays"
            " where is_counted"
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


def test_each_play_is_on_the_clock_of_where_its_listener_lived(home: Home, seeds: Path) -> None:
    world = imagine(4_000, seed=11)
    assert len({place.zone for place in world.life.homes}) > 1, "a listener who never moved"
    with (seeds / "listener_time_zones.csv").open("a") as file:
        for place in world.life.homes:
            file.write(f"me,{place.zone},{place.since:%Y-%m-%d %H:%M:%S}\n")

    write_export(world, home.folder / "export.zip", [Extended("extended_2026")])
    home.ingest(home.folder / "export.zip")
    home.build()

    held = Counter(
        home.query(
            "select ended_at, ended_at_local, listening_date, year_month, dow, hour, time_zone"
            " from marts.fct_plays where is_counted"
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


def test_the_daily_hours_are_the_hours_that_were_played(home: Home) -> None:
    world = imagine(3_000, seed=5)
    write_export(world, home.folder / "export.zip", [Extended("extended_2026")])
    home.ingest(home.folder / "export.zip")
    home.build()

    [(hours, streams)] = home.query(
        "select sum(listening_hours), sum(stream_count) from marts.agg_daily_listening"
    )

    counted = [play for play in world.plays if play.is_counted]
    assert streams == len(counted)
    assert hours == pytest.approx(sum(play.ms_played for play in counted) / 3_600_000, abs=1e-6)
