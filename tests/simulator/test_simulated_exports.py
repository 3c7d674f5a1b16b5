"""The files: what each era's exports hold, byte for byte the same every time."""

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from simulator import (
    NO_QUIRKS,
    Account,
    Export,
    Extended,
    Part,
    Quirks,
    World,
    demo,
    imagine,
    write_export,
    write_listening_history,
)
from simulator.exports import EraName

Rows = list[dict[str, Any]]

ITEM = (
    "master_metadata_track_name master_metadata_album_artist_name "
    "master_metadata_album_album_name spotify_track_uri episode_name episode_show_name "
    "spotify_episode_uri"
)
LAST = "reason_start reason_end shuffle skipped offline offline_timestamp incognito_mode"
OLD = (
    "ts username platform ms_played conn_country ip_addr_decrypted user_agent_decrypted "
    f"{ITEM} {LAST}"
)
FIELDS: dict[EraName, str] = {
    "endsong": OLD,
    "extended_2023": OLD,
    "extended_2024": f"ts platform ms_played conn_country ip_addr {ITEM} {LAST}",
    "extended_2026": (
        f"ts platform ms_played conn_country ip_addr {ITEM} audiobook_title audiobook_uri "
        f"audiobook_chapter_uri audiobook_chapter_title {LAST}"
    ),
}
NAMES: dict[EraName, str] = {
    "endsong": r"MyData/endsong_\d\.json",
    "extended_2023": r"MyData/Streaming_History_(Audio_\d{4}(-\d{4})?_\d|Video_\d{4}(-\d{4})?)"
    r"\.json",
    "extended_2024": r"Spotify Extended Streaming History/Streaming_History_"
    r"(Audio_\d{4}(-\d{4})?_\d|Video_\d{4}(-\d{4})?)\.json",
    "extended_2026": r"Spotify Extended Streaming History/Streaming_History_(Audio|Video)_\d{4}"
    r"(_\d)?\.json",
}


def read(export: Export, pattern: str = "") -> dict[str, Any]:
    """File names to contents of a zip's members whose names hold the pattern."""
    with ZipFile(export.path) as archive:
        return {
            name: json.loads(archive.read(name))
            for name in archive.namelist()
            if re.search(pattern, name)
        }


def extended_rows(export: Export) -> Rows:
    return [row for rows in read(export, "endsong|Streaming_History_").values() for row in rows]


@pytest.mark.parametrize("era", list(FIELDS))
def test_each_era_has_its_own_names_and_fields(world: World, tmp_path: Path, era: EraName) -> None:
    export = write_export(world, tmp_path / "export.zip", [Extended(era)])
    files = read(export)
    assert all(re.fullmatch(NAMES[era], name) for name in files)
    for rows in files.values():
        assert all(list(row) == FIELDS[era].split() for row in rows)
    assert [len(rows) for rows in files.values()] == [file.rows for file in export.files]


@pytest.mark.parametrize("era", list(FIELDS))
def test_each_era_has_its_own_nulls_and_units(
    long_life: World, tmp_path: Path, era: EraName
) -> None:
    part = Extended(era, since=date(2022, 1, 1), until=date(2023, 4, 1))
    rows = extended_rows(write_export(long_life, tmp_path / "export.zip", [part]))
    early = [row for row in rows if row["ts"] < "2022-10"]
    late = [row for row in rows if row["ts"] >= "2022-10"]
    old = era in ("endsong", "extended_2023")
    late_skips: set[bool | None] = {None} if era == "endsong" else {True, False}
    assert {row["skipped"] for row in early} == {None if old else False}
    assert {row["skipped"] for row in late} == late_skips
    early_stamps = {row["offline_timestamp"] for row in early} - {0, None}
    late_stamps = {row["offline_timestamp"] for row in late} - {0, None}
    assert min(early_stamps) > 10**12
    assert min(late_stamps) > 10**12 if era == "endsong" else max(late_stamps) < 10**10
    online = [row["offline_timestamp"] for row in early if row["offline"] is False]
    assert (None in online) is not old


def test_endsong_files_are_in_no_order_and_later_ones_sorted(world: World, tmp_path: Path) -> None:
    def is_sorted(era: EraName) -> bool:
        export = write_export(world, tmp_path / f"{era}.zip", [Extended(era)])
        return all(
            rows == sorted(rows, key=lambda row: row["ts"]) for rows in read(export).values()
        )

    assert not is_sorted("endsong")
    assert is_sorted("extended_2023")
    assert is_sorted("extended_2026")


def test_2026_splits_by_utc_year(world: World, tmp_path: Path) -> None:
    export = write_export(world, tmp_path / "export.zip", [Extended("extended_2026")])
    for name, rows in read(export).items():
        year = re.findall(r"\d{4}", name)[0]
        assert {row["ts"][:4] for row in rows} == {year}


def test_video_files_hold_filmed_episodes_and_music_videos(
    long_life: World, tmp_path: Path
) -> None:
    export = write_export(long_life, tmp_path / "export.zip", [Extended("extended_2026")])
    rows = [row for rows in read(export, "_Video_").values() for row in rows]
    music = [row for row in rows if row["spotify_track_uri"]]
    assert len(music) > 100
    assert len(rows) - len(music) > 100
    assert {row["offline"] for row in music} == {None}
    assert {row["reason_start"] for row in music} == {"unknown"}


def test_an_export_covers_its_days_only(world: World, tmp_path: Path) -> None:
    part = Extended("extended_2024", since=date(2021, 3, 1), until=date(2022, 3, 1))
    stamps = [row["ts"] for row in extended_rows(write_export(world, tmp_path / "x.zip", [part]))]
    assert stamps
    assert min(stamps) >= "2021-03-01"
    assert max(stamps) < "2022-03-01"


def test_a_world_without_quirks_has_one_row_a_play(tmp_path: Path) -> None:
    world = imagine(2_000, seed=4, quirks=NO_QUIRKS)
    export = write_export(world, tmp_path / "export.zip", [Extended("extended_2026")])
    rows = extended_rows(export)
    assert export.noise == {}
    assert sorted((row["ts"], row["ms_played"]) for row in rows) == sorted(
        (f"{play.ended_at:%Y-%m-%dT%H:%M:%SZ}", play.ms_played) for play in world.plays
    )


def test_quirks_are_as_rare_as_measured(long_life: World) -> None:
    noise = Counter(record.noise for record in long_life.records)
    assert noise[None] == len(long_life.plays)
    assert 1 <= noise["repeat"] < 60
    assert 0.001 < noise["retry"] / len(long_life.plays) < 0.006


def test_noise_is_counted_and_is_what_it_says(tmp_path: Path) -> None:
    quirks = Quirks(audio_repeats=0.05, video_repeats=0.05, retry_bursts=0.05)
    world = imagine(2_000, seed=5, quirks=quirks)
    export = write_export(world, tmp_path / "export.zip", [Extended("extended_2026")])
    rows = extended_rows(export)
    times = Counter(json.dumps(row) for row in rows)
    assert len(rows) == 2_000 + export.noise["repeat"] + export.noise["retry"]
    assert sum(count - 1 for count in times.values()) == export.noise["repeat"]
    assert _rows_within_their_own_length(rows) == export.noise["retry"]


def _rows_within_their_own_length(rows: Rows) -> int:
    """Rows that repeat all but `ts` of another, too soon after it to be a play."""
    alike = defaultdict(set)
    for row in rows:
        ended_at = datetime.fromisoformat(row["ts"]).timestamp()
        alike[json.dumps(row | {"ts": None})].add((ended_at, row["ms_played"]))
    retries = 0
    for ends in alike.values():
        for (before, _), (after, ms_played) in zip(sorted(ends), sorted(ends)[1:], strict=False):
            retries += (after - before + 1) * 1000 < ms_played
    return retries


def test_some_tracks_have_another_name_in_later_exports(tmp_path: Path) -> None:
    world = imagine(1_500, seed=6, quirks=Quirks(renamed_tracks=0.2))
    names = defaultdict(set)
    for part in (Extended("extended_2023", until=date(2024, 1, 1)), Extended("extended_2026")):
        for row in extended_rows(write_export(world, tmp_path / f"{part.era}.zip", [part])):
            names[row["spotify_track_uri"]].add(row["master_metadata_track_name"])
    assert sum(len(both) == 2 for both in names.values()) > 20


def test_account_data_is_distinct_on_minute_names_and_length(tmp_path: Path) -> None:
    world = imagine(3_000, seed=5, quirks=Quirks(audio_repeats=0.2, retry_bursts=0.2))
    until = date(2026, 2, 1)
    export = write_export(
        world, tmp_path / "x.zip", [Extended(since=date(2025, 2, 1)), Account(until)]
    )
    account = [row for rows in read(export, "History_(music|pod|aud)").values() for row in rows]
    extended = extended_rows(export)
    assert len({tuple(row.values()) for row in account}) == len(account) < len(extended)
    minutes = Counter((row["endTime"], row["msPlayed"]) for row in account)
    told = {(row["ts"][:16].replace("T", " "), row["ms_played"]) for row in extended}
    assert set(minutes) == told


def test_account_data_says_unknown_and_counts_music_videos_as_music(
    long_life: World, tmp_path: Path
) -> None:
    until = date(2026, 2, 1)
    export = write_export(long_life, tmp_path / "x.zip", [Account(until)])
    music = [row for rows in read(export, "_music_").values() for row in rows]
    unknown = [row for row in music if row["artistName"] == "Unknown Artist"]
    assert unknown
    assert {row["trackName"] for row in unknown} == {"Unknown Track"}
    lengths = {row["msPlayed"] for row in music}
    since = datetime(2025, 2, 1, tzinfo=UTC)
    videos = [
        play
        for play in long_life.plays
        if play.content_type == "video" and since < play.ended_at < datetime(2026, 2, 1, tzinfo=UTC)
    ]
    assert videos
    assert all(play.ms_played in lengths for play in videos)


def test_account_data_is_cut_at_ten_thousand_rows(tmp_path: Path) -> None:
    world = imagine(13_000, seed=1, start=date(2025, 2, 10), end=date(2026, 2, 1), quirks=NO_QUIRKS)
    export = write_export(world, tmp_path / "x.zip", [Account(date(2026, 3, 1), mixed=True)])
    rows = {file.name: file.rows for file in export.files if file.rows}
    assert rows["Spotify Account Data/StreamingHistory0.json"] == 10_000
    assert 0 < rows["Spotify Account Data/StreamingHistory1.json"] < 3_000


def test_old_account_data_mixes_shows_in_as_artists(long_life: World, tmp_path: Path) -> None:
    export = write_export(long_life, tmp_path / "x.zip", [Account(date(2023, 6, 1), mixed=True)])
    rows = read(export, "History")["MyData/StreamingHistory0.json"]
    artists = {row["artistName"] for row in rows}
    assert artists & {episode.show.name for episode in long_life.catalogue.episodes}
    assert artists & {artist.name for artist in long_life.catalogue.artists}


def test_account_data_brings_ones_belongings(world: World, tmp_path: Path) -> None:
    export = write_export(world, tmp_path / "x.zip", [Account(date(2026, 2, 1))])
    files = {name.split("/")[1]: content for name, content in read(export).items()}
    assert {"Follow.json", "Identity.json", "Payments.json", "Wrapped2025.json"} <= set(files)
    assert files["YourLibrary.json"]["tracks"][0].keys() == {"artist", "album", "track", "uri"}
    for playlist in files["Playlist1.json"]["playlists"]:
        assert {key for item in playlist["items"] for key, value in item.items() if value} == {
            "track",
            "episode",
            "localTrack",
            "addedDate",
        }
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\[UTC\]"
    assert all(re.fullmatch(time, search["searchTime"]) for search in files["SearchQueries.json"])
    assert files["Userdata.json"]["email"] == "listener@example.com"


def test_the_same_world_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    parts: list[Part] = [Extended("endsong"), Extended("extended_2026"), Account(date(2026, 2, 1))]
    first = write_export(world, tmp_path / "first.zip", parts)
    second = write_export(imagine(3_000, seed=7), tmp_path / "second.zip", parts)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_folder_holds_what_the_zip_holds(world: World, tmp_path: Path) -> None:
    zipped = write_export(world, tmp_path / "export.zip", [Extended()])
    folder = write_export(world, tmp_path / "export", [Extended()])
    assert folder.files == zipped.files
    for name, content in read(zipped).items():
        assert json.loads((folder.path / name).read_bytes()) == content


def test_a_streamed_history_is_the_one_that_a_world_would_write(tmp_path: Path) -> None:
    start, end = date(2025, 1, 1), date(2026, 1, 1)
    streamed = write_listening_history(
        tmp_path / "streamed.zip", plays=20_000, seed=9, start=start, end=end
    )
    world = imagine(20_000, seed=9, start=start, end=end, quirks=NO_QUIRKS)
    whole = write_export(world, tmp_path / "whole.zip", [Extended("extended_2026")])
    assert streamed.path.read_bytes() == whole.path.read_bytes()
    assert sum(file.rows for file in streamed.files) == 20_000
    with ZipFile(streamed.path) as archive:
        sizes = [member.file_size for member in archive.infolist()]
    assert 11_500_000 < max(sizes) < 12_500_000


def test_the_demo_is_three_mails_that_overlap(long_life: World, tmp_path: Path) -> None:
    early, late, account = demo(tmp_path, long_life)
    early_rows, late_rows = extended_rows(early), extended_rows(late)
    assert early_rows[0]["ts"] == late_rows[0]["ts"]
    last_account = max(row["endTime"] for rows in read(account, "_music_").values() for row in rows)
    assert last_account > max(row["ts"] for row in late_rows)[:10]
    assert all(export.path.suffix == ".zip" for export in (early, late, account))
