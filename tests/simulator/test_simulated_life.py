"""The true plays: lifelike, and consistent with themselves."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from simulator import World, imagine
from simulator.catalogue import Track
from simulator.listener import MODERN_RECORDS, TruePlay


def share(plays: list[bool]) -> float:
    return sum(plays) / len(plays)


def test_the_same_seed_makes_the_same_life(world: World) -> None:
    again = imagine(3_000, seed=7)
    assert again.plays == world.plays
    assert again.records == world.records


def test_another_seed_makes_another_life(world: World) -> None:
    assert imagine(3_000, seed=8).plays[:50] != world.plays[:50]


def test_a_small_world_is_made_in_about_a_second() -> None:
    before = process_time()
    imagine(3_000, seed=3)
    assert process_time() - before < 3.0  # 0.4 s alone; coverage and neighbours slow it down


@pytest.mark.parametrize("plays", [1, 40, 1_234])
def test_a_life_has_exactly_as_many_plays_as_asked_for(plays: int) -> None:
    assert len(imagine(plays, seed=2).plays) == plays


def test_plays_come_sorted_by_their_end(long_life: World) -> None:
    ends = [play.ended_at for play in long_life.plays]
    assert ends == sorted(ends)
    assert all(end.microsecond == 0 and end.tzinfo == UTC for end in ends)


def test_no_two_plays_share_end_item_and_length(long_life: World) -> None:
    keys = Counter((play.ended_at, play.uri, play.ms_played) for play in long_life.plays)
    assert max(keys.values()) == 1


def test_online_plays_overlap_by_less_than_the_second_that_is_cut_off(long_life: World) -> None:
    online = [play for play in long_life.plays if not play.offline]
    overlaps = [before.ended_at - after.started_at for before, after in pairwise(online)]
    assert max(overlaps) < timedelta(seconds=1)


def test_genuine_repeats_are_full_plays_one_after_the_other(long_life: World) -> None:
    repeats = [
        (before, after)
        for before, after in pairwise(long_life.plays)
        if before.uri == after.uri and before.is_counted and after.is_counted
    ]
    streamed = [(before, after) for before, after in repeats if not after.offline]
    assert len(streamed) > 500
    # a second's tolerance: any rule that has none takes some of these for retries
    seem_to_overlap = [after.started_at < before.ended_at for before, after in streamed]
    assert 0 < share(seem_to_overlap) < 0.05


def test_offline_plays_share_the_time_of_their_sync_and_keep_their_start(long_life: World) -> None:
    offline = [play for play in long_life.plays if play.offline]
    assert 0.005 < len(offline) / len(long_life.plays) < 0.06
    assert max(Counter(play.ended_at for play in offline).values()) > 1
    late = [
        play.ended_at - datetime.fromtimestamp((play.offline_timestamp or 0) / 1000, UTC)
        for play in offline
        if play.offline_timestamp
    ]
    assert timedelta(hours=6) < max(late) < timedelta(days=20)


def test_rates_are_those_measured_on_real_exports(long_life: World) -> None:
    plays = long_life.plays
    assert 0.25 < share([not play.is_counted for play in plays]) < 0.35
    assert 0.4 < share([play.reason_end == "trackdone" for play in plays]) < 0.75
    assert 0.05 < _share_with_several_uris(plays) < 0.17
    assert 0.002 < share([play.incognito for play in plays]) < 0.03
    modern = [play for play in plays if play.ended_at >= MODERN_RECORDS and play.offline_timestamp]
    near = [_seconds_from_start(play) <= 2 for play in modern if not play.offline]
    assert 0.64 < share(near) < 0.88


def _share_with_several_uris(plays: tuple[TruePlay, ...]) -> float:
    tracks = [play.item for play in plays if isinstance(play.item, Track)]
    uris = defaultdict(set)
    for track in tracks:
        uris[track.artist.name, track.name].add(track.uri)
    return share([len(uris[track.artist.name, track.name]) > 1 for track in tracks])


def _seconds_from_start(play: TruePlay) -> float:
    return abs(play.started_at.timestamp() - (play.offline_timestamp or 0) / 1000)


def test_everything_that_spotify_streams_is_streamed(long_life: World) -> None:
    sorts = Counter(play.content_type for play in long_life.plays)
    assert set(sorts) == {"track", "video", "episode", "chapter", "unknown"}
    assert min(sorts.values()) > 50


def test_skips_are_recorded_since_october_2022_only(long_life: World) -> None:
    early = [play.skipped for play in long_life.plays if play.ended_at < MODERN_RECORDS]
    late = [play.skipped for play in long_life.plays if play.ended_at >= MODERN_RECORDS]
    assert not any(early)
    assert 0.2 < share(late) < 0.5


def test_new_artists_enter_every_year(long_life: World) -> None:
    first_heard: dict[str, int] = {}
    for play in long_life.plays:
        if isinstance(play.item, Track):
            first_heard.setdefault(play.item.artist.name, play.ended_at.year)
    assert all(Counter(first_heard.values())[year] > 10 for year in range(2020, 2026))


def test_nothing_is_heard_before_it_is_released(long_life: World) -> None:
    for play in long_life.plays:
        if isinstance(play.item, Track):
            assert play.item.album.release_date <= play.ended_at.date()


def test_the_listener_moves_and_travels(long_life: World) -> None:
    assert [home.zone for home in long_life.life.homes] == ["Europe/Oslo", "America/New_York"]
    away = [play for play in long_life.plays if play.place != play.home]
    assert len({play.zone for play in away}) >= 5
    assert len({play.conn_country for play in long_life.plays}) >= 7
    for before, after in pairwise(long_life.life.whereabouts):
        assert before.since < after.since


def test_each_play_is_where_the_listener_was_when_it_ended(world: World) -> None:
    for play in world.plays:
        places = [place for place in world.life.whereabouts if place.since <= play.ended_at]
        assert play.place == places[-1]
        homes = [home for home in world.life.homes if home.since <= play.ended_at]
        assert play.home == homes[-1]


def test_sessions_follow_the_wall_clock_of_the_place(long_life: World) -> None:
    hours = Counter(
        play.ended_at.astimezone(ZoneInfo(play.zone)).hour
        for play in long_life.plays
        if not play.offline
    )
    night = sum(hours[hour] for hour in range(2, 6))
    evening = sum(hours[hour] for hour in range(17, 21))
    assert evening > 5 * night


def test_music_plays_through_both_edges_of_daylight_saving(world: World) -> None:
    repeated_hour, beside_missing_hour = set(), set()
    for play in world.plays:
        zone = ZoneInfo(play.zone)
        local = play.ended_at.astimezone(zone)
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            repeated_hour.add(local.fold)
        for side in (-1, 1):
            other = (play.ended_at + timedelta(minutes=40 * side)).astimezone(zone)
            if (other.utcoffset() or timedelta()) * side > (
                local.utcoffset() or timedelta()
            ) * side:
                beside_missing_hour.add(side)
    assert repeated_hour == {0, 1}
    assert beside_missing_hour == {-1, 1}


def test_ids_and_isrcs_look_like_spotifys(world: World) -> None:
    tracks = world.catalogue.tracks
    assert all(len(track.id) == 22 and track.id.isalnum() for track in tracks)
    assert len({track.id for track in tracks}) == len(tracks)
    assert all(len(track.isrc) == 12 for track in tracks)


def test_a_recording_released_again_keeps_all_but_its_id(world: World) -> None:
    recordings = defaultdict(list)
    for track in world.catalogue.tracks:
        recordings[track.artist.id, track.name].append(track)
    again = [tracks for tracks in recordings.values() if len(tracks) > 1]
    assert len(again) > 100
    for first, second in again:
        assert (first.isrc, first.duration_ms) == (second.isrc, second.duration_ms)
        assert first.album.release_date <= second.album.release_date
