"""What a warehouse should hold, checked against the files themselves."""

from collections import Counter
from datetime import date

from simulator import (
    NO_QUIRKS,
    Account,
    Extended,
    Part,
    Quirks,
    World,
    expected_plays,
    imagine,
    retries_in_account_alone,
)
from simulator.truth import ExpectedPlay

UNTIL = date(2026, 2, 1)


def test_extended_history_of_everything_shows_every_play_as_it_was(world: World) -> None:
    expected = expected_plays(world, [Extended("extended_2026")])
    assert [shown.play for shown in expected] == list(world.plays)
    assert all(shown.ended_at == shown.play.ended_at for shown in expected)
    assert not any(shown.in_account for shown in expected)


def test_overlapping_exports_show_a_play_once(world: World) -> None:
    parts = [Extended("endsong", until=date(2023, 1, 1)), Extended("extended_2026")]
    assert len(expected_plays(world, parts)) == len(world.plays)


def test_eras_without_audiobooks_leave_chapters_out(world: World) -> None:
    expected = expected_plays(world, [Extended("extended_2024")])
    chapters = [play for play in world.plays if play.content_type == "chapter"]
    assert chapters
    assert len(expected) == len(world.plays) - len(chapters)


def test_account_data_shows_minutes_where_it_stands_alone(world: World) -> None:
    parts: list[Part] = [Extended("extended_2026", until=date(2025, 11, 1)), Account(UNTIL)]
    expected = expected_plays(world, parts)
    sorts = Counter((shown.in_extended, shown.in_account) for shown in expected)
    assert set(sorts) == {(True, False), (True, True), (False, True)}
    for shown in expected:
        if not shown.in_extended:
            assert shown.ended_at == shown.play.ended_at.replace(second=0)
            assert shown.uri is None
            assert shown.ended_at.date() >= date(2025, 11, 1)


def test_account_data_alone_collapses_what_it_cannot_tell_apart() -> None:
    start = date(2025, 2, 15)
    world = imagine(20_000, seed=3, start=start, end=UNTIL, quirks=NO_QUIRKS)
    alone = expected_plays(world, [Account(UNTIL)])
    assert len(alone) < len(world.plays)
    keys = Counter((shown.ended_at, *_names(shown), shown.ms_played) for shown in alone)
    assert max(keys.values()) == 1


def _names(shown: ExpectedPlay) -> tuple[str | None, str | None]:
    return shown.play.creator_name, shown.item_name


def test_the_latest_export_names_a_track() -> None:
    world = imagine(1_500, seed=6, quirks=Quirks(renamed_tracks=0.3))
    early = expected_plays(world, [Extended("extended_2023", until=date(2024, 5, 1))])
    late = expected_plays(world, [Extended("extended_2023", until=date(2024, 5, 1)), Extended()])
    renamed = [
        (before, after)
        for before, after in zip(early, late, strict=False)
        if before.item_name != after.item_name
    ]
    assert len(renamed) > 50
    assert all(before.play == after.play for before, after in renamed)


def test_retries_that_only_account_data_has_are_named() -> None:
    world = imagine(3_000, seed=8, quirks=Quirks(retry_bursts=0.3))
    parts: list[Part] = [Extended(until=date(2025, 8, 1)), Account(UNTIL)]
    retries = retries_in_account_alone(world, parts)
    assert retries
    assert min(retry.ended_at for retry in retries).date() >= date(2025, 8, 1)
    assert retries_in_account_alone(world, [*parts, Extended()]) == []


def test_the_default_policy_counts_thirty_seconds_and_more(world: World) -> None:
    expected = expected_plays(world, [Extended()])
    assert {shown.is_counted for shown in expected} == {True, False}
    assert all(shown.is_counted == (shown.ms_played >= 30_000) for shown in expected)
