"""Periods, charts, streaks and milestones against what Python counts in the same simulated life."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulator import Extended, expected_plays, imagine, write_export
from simulator.catalogue import Episode, Track
from tests.marts.conftest import Home


@dataclass(frozen=True)
class Stream:
    """A play that counts.

    Attributes:
        date: On the clock of the listener's home, Europe/Oslo.
        ended_at: UTC, without zone as DuckDB gives it.
        items: (item_type, name or id) of all that it is a stream of.
    """

    date: date
    ended_at: datetime
    ms_played: int
    items: tuple[tuple[str, str], ...]

    @property
    def periods(self) -> tuple[tuple[str, str], ...]:
        """(period_type, period) of all that it falls in."""
        iso = self.date.isocalendar()
        return (
            ("week", f"{iso.year}-W{iso.week:02}"),
            ("month", f"{self.date:%Y-%m}"),
            ("year", f"{self.date:%Y}"),
            ("all_time", "all_time"),
        )


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[Stream]]:
    """A warehouse of one export, and the streams that it tells of, in order."""
    home = Home(tmp_path_factory.mktemp("life"))
    world = imagine(4_000, seed=31)
    part = Extended("extended_2026")
    write_export(world, home.folder / "export.zip", [part])
    home.ingest(home.folder / "export.zip")
    home.build()
    streams = [
        Stream(
            date=expected.ended_at.astimezone(ZoneInfo(home.time_zone)).date(),
            ended_at=expected.ended_at.replace(tzinfo=None),
            ms_played=expected.ms_played,
            items=tuple(_items(expected.play.item, expected.item_name)),
        )
        for expected in expected_plays(world, [part])
        if expected.is_counted
    ]
    return home, streams


def _items(item: object, name: str | None) -> Iterator[tuple[str, str]]:
    if isinstance(item, Track):
        yield "track", item.id
        yield "recording", f"{item.artist.name} - {name}"  # without ISRC, names tell
        yield "artist", item.artist.name
        yield "album", f"{item.artist.name} - {item.album.name}"
    elif isinstance(item, Episode):
        yield "show", item.show.name


def test_every_period_counts_what_was_streamed_in_it(life: tuple[Home, list[Stream]]) -> None:
    home, streams = life
    by_period = defaultdict(list)
    debuts: dict[tuple[str, str], Stream] = {}
    for stream in streams:
        for key in stream.periods[:3]:
            by_period[key].append(stream)
        for item in stream.items:
            debuts.setdefault(item, stream)

    truth = []
    for (period_type, period), within in by_period.items():
        items = {item for stream in within for item in stream.items}
        new = {item for item in items if (period_type, period) in debuts[item].periods}
        truth.append(
            (
                period_type,
                period,
                len(within),
                sum(stream.ms_played for stream in within),
                *(sum(item[0] == kind for item in items) for kind in ("track", "artist", "album")),
                *(sum(item[0] == kind for item in new) for kind in ("track", "artist")),
                len({stream.date for stream in within}),
            )
        )

    held = home.query(
        "select period_type, period, stream_count,"
        " cast(round(listening_hours * 3600000) as bigint), track_count, artist_count, album_count,"
        " new_track_count, new_artist_count, streaming_day_count"
        " from marts.agg_period_listening where stream_count > 0"
    )
    assert sorted(held) == sorted(truth)
    assert {"week", "month", "year"} == {period_type for period_type, *_ in held}


def test_the_period_before_is_that_of_the_row_before(life: tuple[Home, list[Stream]]) -> None:
    home, _ = life
    rows = home.query(
        "select period_type, period, stream_count, listening_hours, previous_period,"
        " previous_stream_count, previous_listening_hours"
        " from marts.agg_period_listening order by period_type, period"
    )
    assert len(rows) > 100
    assert rows[0][4:] == (None, None, None)
    for before, row in pairwise(rows):
        is_of_same_type = before[0] == row[0]
        assert row[4:] == (before[1:4] if is_of_same_type else (None, None, None))


def test_charts_hold_every_item_in_its_place(life: tuple[Home, list[Stream]]) -> None:
    home, streams = life
    counts: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    debuts: dict[tuple[str, str], Stream] = {}
    for stream in streams:
        for item in stream.items:
            debuts.setdefault(item, stream)
            for key in stream.periods[1:]:
                counts[*key, *item][0] += 1
                counts[*key, *item][1] += stream.ms_played

    rows = home.query(
        "select period_type, period, item_type, case item_type when 'track' then track_id"
        " when 'album' then items.artist_name || ' - ' || item_name"
        " when 'recording' then items.artist_name || ' - ' || item_name else item_name end,"
        " items.stream_count, cast(round(listening_hours * 3600000) as bigint), item_rank,"
        " previous_rank, is_new"
        " from marts.agg_period_items as items"
        " left join marts.dim_tracks on item_type = 'track' and item_key = track_key"
    )

    assert {tuple(row[:4]): list(row[4:6]) for row in rows} == counts
    charts = defaultdict(list)
    for *chart, name, stream_count, ms_played, rank, _, _ in rows:
        charts[tuple(chart)].append((rank, stream_count, ms_played, name))
    for entries in charts.values():
        entries.sort()
        assert [rank for rank, *_ in entries] == list(range(1, len(entries) + 1))
        heard = [entry[1:3] for entry in entries]
        assert heard == sorted(heard, reverse=True)

    ranks = {tuple(row[:4]): row[6] for row in rows}
    for period_type in ("month", "year"):
        listened_in = sorted({period for kind, period, *_ in counts if kind == period_type})
        before = dict(zip(listened_in[1:], listened_in, strict=False))
        for kind, period, item_type, name, _, _, _, previous_rank, is_new in rows:
            if kind == period_type:
                assert previous_rank == ranks.get((kind, before.get(period, ""), item_type, name))
                assert is_new == ((kind, period) in debuts[item_type, name].periods)


def test_streaks_are_the_runs_of_days_with_a_stream(life: tuple[Home, list[Stream]]) -> None:
    home, streams = life
    days = {stream.date for stream in streams}
    one_day = timedelta(days=1)
    truth = []
    for first in days:
        if first - one_day not in days:
            last = first
            while last + one_day in days:
                last += one_day
            within = [stream for stream in streams if first <= stream.date <= last]
            truth.append((first, last, (last - first).days + 1, len(within)))

    held = home.query(
        "select started_date, ended_date, day_count, stream_count from marts.fct_streaks"
    )
    assert sorted(held) == sorted(truth)
    [(longest,)] = home.query("select day_count from marts.fct_streaks where is_longest")
    assert longest == max(day_count for _, _, day_count, _ in truth)


def test_milestones_are_reached_when_they_were(life: tuple[Home, list[Stream]]) -> None:
    home, streams = life
    assert 1_000 < len(streams) < 5_000

    held = home.query(
        "select milestone_number, ended_at from marts.fct_milestones"
        " where milestone_type = 'streams' order by all"
    )
    assert held == [(number, streams[number - 1].ended_at) for number in (1, 100, 1_000)]
