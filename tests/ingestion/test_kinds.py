"""Every kind of file, of every era, recognised by what is in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import ExportError
from tests.ingestion.conftest import FOLDER, IP, Database, play, plays

Export = Callable[..., Path]

ENDSONG = {
    name: value for name, value in play(1).items() if name != "ip_addr" and "audiobook" not in name
} | {
    "username": "ada",
    "ip_addr_decrypted": IP,
    "user_agent_decrypted": "unknown",
    "city": "Oslo",
    "region": None,
    "metro_code": 501,
    "longitude": 10.7,
    "latitude": "59.9",
    "skipped": None,
    "offline_timestamp": 1_741_000_000_123,
}
MUSIC = {
    "endTime": "2025-02-04 01:09",
    "artistName": "Artist",
    "trackName": "Track",
    "msPlayed": 1216,
}
PODCAST = {
    "endTime": "2025-02-04 01:10",
    "podcastName": "Show",
    "episodeName": "Episode",
    "msPlayed": 9,
}
AUDIOBOOK = {
    "endTime": "2025-02-04 01:11",
    "audiobookName": "Book",
    "chapterName": "One",
    "authorName": "Author",
    "msPlayed": 0,
}
LIBRARY = {
    "tracks": [
        {"artist": "Artist", "album": "Album", "track": "Track", "uri": "spotify:track:1"},
        {"artist": "Artist", "album": "Album", "track": "Other", "uri": "spotify:track:2"},
    ],
    "albums": [{"artist": "Artist", "album": "Album", "uri": "spotify:album:1"}],
    "shows": [{"name": "Show", "publisher": "Publisher", "uri": "spotify:show:1"}],
    "episodes": [{"name": "Episode", "show": "Show", "uri": "spotify:episode:1"}],
    "bannedTracks": [],
    "artists": [{"name": "Artist", "uri": "spotify:artist:1"}],
    "bannedArtists": [],
    "other": ["spotify:user:x:collection"],
}
PLAYLISTS = {
    "playlists": [
        {
            "name": "Mine",
            "lastModifiedDate": "2025-01-31",
            "collaborators": ["bob"],
            "items": [
                {
                    "track": {
                        "trackName": "Track",
                        "artistName": "Artist",
                        "albumName": "Album",
                        "trackUri": "spotify:track:1",
                    },
                    "episode": None,
                    "audiobook": None,
                    "localTrack": None,
                    "addedDate": "2024-12-31",
                },
                {
                    "track": None,
                    "episode": {
                        "episodeName": "Episode",
                        "showName": "Show",
                        "episodeUri": "spotify:episode:1",
                    },
                    "localTrack": None,
                    "addedDate": "2024-12-30",
                },
                {"track": None, "episode": None, "localTrack": {"uri": "spotify:local:a:b:c:1"}},
            ],
            "description": None,
            "numberOfFollowers": 2,
        },
        {"name": "Empty", "lastModifiedDate": "2020-01-01", "items": []},
    ]
}
SEARCHES = [
    {
        "platform": "ANDROID",
        "searchTime": "2025-06-08T05:11:36.089Z[UTC]",
        "searchQuery": "abba",
        "searchInteractionURIs": ["spotify:artist:1", "spotify:track:2"],
    },
    {"platform": "IOS", "searchTime": "2025-06-09T05:11:36Z[UTC]", "searchQuery": "x"},
]
FOLLOW = {"userIsFollowing": ["one", "two"], "userIsFollowedBy": ["one"], "userIsBlocking": []}
BOOKKEEPING = ("import_files", "import_problems", "listeners")
MARQUEE = [{"artistName": "Artist", "segment": "Previously Active Listeners"}]


def test_every_kind_is_recognised_whatever_its_name(database: Database, export: Export) -> None:
    content: list[tuple[Any, str, int]] = [
        (plays(3), "extended_audio", 3),
        ([ENDSONG], "extended_audio", 1),
        ([MUSIC], "account_music", 1),
        ([PODCAST], "account_podcast", 1),
        ([AUDIOBOOK], "account_audiobook", 1),
        (LIBRARY, "library", 7),
        (PLAYLISTS, "playlists", 5),
        (SEARCHES, "search_queries", 4),
        (FOLLOW, "follow", 3),
        (MARQUEE, "marquee", 1),
    ]
    report = database.load(export({f"{n}.json": rows for n, (rows, _, _) in enumerate(content)}))
    assert not report.has_problems
    assert [(file.status, file.kind, file.rows) for file in report.files] == [
        ("loaded", kind, rows) for _, kind, rows in content
    ]
    data_tables = [name for name in database.tables() if name not in BOOKKEEPING]
    assert {name: database.count(name) for name in data_tables} == {
        "streaming_history": 4,
        "account_streaming_history": 3,
        "library_items": 7,
        "playlists": 2,
        "playlist_items": 3,
        "search_queries": 2,
        "search_query_interactions": 2,
        "follows": 3,
        "marquee": 1,
    }


def test_an_endsong_row_keeps_its_nulls_and_milliseconds(
    database: Database, export: Export
) -> None:
    database.load(export({"MyData/endsong_0.json": [ENDSONG]}))
    assert database.query(
        "select ts, file_row, skipped, offline_timestamp, audiobook_title"
        " from spotify_export.streaming_history"
    ) == [(datetime(2025, 3, 2, 0, 15, tzinfo=UTC), 1, None, 1_741_000_000_123, None)]


def test_account_times_are_utc_minutes(database: Database, export: Export) -> None:
    database.load(export({"StreamingHistory_podcast_0.json": [PODCAST]}))
    assert database.query(
        "select end_time, podcast_name, artist_name, ms_played"
        " from spotify_export.account_streaming_history"
    ) == [(datetime(2025, 2, 4, 1, 10, tzinfo=UTC), "Show", None, 9)]


def test_playlist_items_say_their_place_type_and_date(database: Database, export: Export) -> None:
    database.load(export({"Playlist1.json": PLAYLISTS}))
    assert database.query(
        "select playlist_row, item_row, item_type, coalesce(track_uri, episode_uri,"
        " local_track_uri), added_date from spotify_export.playlist_items order by file_row"
    ) == [
        (1, 1, "track", "spotify:track:1", date(2024, 12, 31)),
        (1, 2, "episode", "spotify:episode:1", date(2024, 12, 30)),
        (1, 3, "local", "spotify:local:a:b:c:1", None),
    ]
    assert database.query(
        "select playlist_row, name, last_modified_date, number_of_followers"
        " from spotify_export.playlists order by 1"
    ) == [(1, "Mine", date(2025, 1, 31), 2), (2, "Empty", date(2020, 1, 1), None)]


def test_searches_keep_milliseconds_and_what_was_tapped(database: Database, export: Export) -> None:
    database.load(export({"SearchQueries.json": SEARCHES}))
    assert database.query(
        "select search_time from spotify_export.search_queries order by file_row limit 1"
    ) == [(datetime(2025, 6, 8, 5, 11, 36, 89_000, tzinfo=UTC),)]
    assert database.query(
        "select file_row, interaction_row, uri from spotify_export.search_query_interactions"
        " order by all"
    ) == [(1, 1, "spotify:artist:1"), (1, 2, "spotify:track:2")]


def test_library_and_follows_say_where_each_row_stood(database: Database, export: Export) -> None:
    database.load(export({"YourLibrary.json": LIBRARY, "Follow.json": FOLLOW}))
    assert database.query(
        "select section, file_row, uri from spotify_export.library_items"
        " where section in ('tracks', 'other') order by all"
    ) == [
        ("other", 1, "spotify:user:x:collection"),
        ("tracks", 1, "spotify:track:1"),
        ("tracks", 2, "spotify:track:2"),
    ]
    assert database.query("select relation, name from spotify_export.follows order by all") == [
        ("userIsFollowedBy", "one"),
        ("userIsFollowing", "one"),
        ("userIsFollowing", "two"),
    ]


def test_audio_and_video_are_told_apart_by_name_else_by_rows(
    database: Database, export: Export
) -> None:
    videos = [play(number, reason_start="unknown") for number in range(9)]
    songs = [play(number, reason_start="trackdone") for number in range(20, 29)]
    report = database.load(
        export(
            {
                "a.json": [*videos, songs[0]],
                "b.json": [*songs, videos[0]],
                f"{FOLDER}/Streaming_History_Video_2025.json": [songs[1]],
                f"{FOLDER}/Streaming_History_Audio_2025.json": [videos[1]],
                "endsong_0.json": [videos[2]],
            }
        )
    )
    assert {Path(file.member).stem: file.kind for file in report.files} == {
        "a": "extended_video",
        "b": "extended_audio",
        "Streaming_History_Video_2025": "extended_video",
        "Streaming_History_Audio_2025": "extended_audio",
        "endsong_0": "extended_audio",
    }


def test_personal_and_wrapped_files_are_never_opened(database: Database, tmp_path: Path) -> None:
    """A directory entry that cannot be read shows that nobody tried: no hash, no problem."""
    folder = tmp_path / "MyData"
    folder.mkdir()
    (folder / "endsong_0.json").write_text("[]")
    for name in ("Userdata", "Identity", "Identifiers", "Payments", "Inferences", "Wrapped2025"):
        (folder / f"{name}.json").write_text('{"email": "ada@example.org", broken')
    report = database.load(folder)
    assert not report.has_problems
    kinds = {file.member.split(".")[0]: (file.kind, file.status) for file in report.files}
    assert kinds.pop("endsong_0") == ("extended_audio", "loaded")
    assert kinds.pop("Wrapped2025") == ("wrapped", "ignored")
    assert set(kinds.values()) == {("personal", "ignored")}
    assert database.query(
        "select count(*), count(file_sha256), max(rows) from spotify_export.import_files"
        " where status = 'ignored'"
    ) == [(6, 0, 0)]
    assert "example.org" not in database.text()


def test_other_files_are_ignored_with_a_reason(database: Database, export: Export) -> None:
    report = database.load(
        export(
            {
                "endsong_0.json": plays(1),
                "ReadMeFirst.pdf": b"%PDF-1.7 ...",
                "YourSoundCapsule.json": {"stats": []},
                "notes.txt": b"[x] call home",
                "__MACOSX/._endsong_0.json": b"\x00\x05",
                ".DS_Store": b"\x00",
            }
        )
    )
    assert {file.member: file.reason for file in report.files if file.status == "ignored"} == {
        "ReadMeFirst.pdf": "not JSON",
        "YourSoundCapsule.json": "JSON of a kind that is not read",
        "notes.txt": "not JSON",
    }
    assert len(report.files) == 4
    assert not report.has_problems


def test_an_empty_list_is_of_the_kind_that_its_name_says(
    database: Database, export: Export
) -> None:
    names = ("Streaming_History_Video_2025", "StreamingHistory_audiobook_0", "SearchQueries")
    report = database.load(export({f"{name}.json": [] for name in names}))
    assert [(file.kind, file.status, file.rows) for file in report.files] == [
        ("search_queries", "loaded", 0),
        ("account_audiobook", "loaded", 0),
        ("extended_video", "loaded", 0),
    ]


def test_a_byte_order_mark_changes_nothing(database: Database, export: Export) -> None:
    import json

    rows = json.dumps(plays(2)).encode("utf-8-sig")
    assert database.load(export({"endsong_0.json": rows})).rows_loaded == 2


def test_a_file_that_belies_its_name_is_set_aside(database: Database, export: Export) -> None:
    report = database.load(
        export({"endsong_0.json": plays(1), "endsong_1.json": [{"city": "Oslo", "mood": 3}]})
    )
    assert [file.status for file in report.files] == ["loaded", "set_aside"]
    assert (
        report.problems[0].reason == "its name says extended_audio, its content is something else"
    )


def test_a_kind_under_another_kinds_name_is_read_as_what_it_is(
    database: Database, export: Export
) -> None:
    report = database.load(export({"endsong_0.json": [MUSIC]}))
    assert [(file.kind, file.status) for file in report.files] == [("account_music", "loaded")]


def test_a_path_with_nothing_of_spotifys_is_one_line(database: Database, export: Export) -> None:
    with pytest.raises(ExportError, match=r"^nothing of Spotify's is in photos\.zip: give the zip"):
        database.load(export({"a.jpg": b"\xff\xd8", "b.json": {"x": 1}}, "photos.zip"))


def test_import_files_says_what_each_file_held(database: Database, export: Export) -> None:
    database.load(export({f"{FOLDER}/Streaming_History_Audio_2025.json": plays(3)}))
    assert database.query(
        "select listener, archive, member, kind, rows, problem_rows, first_at, last_at, status,"
        " reason from spotify_export.import_files"
    ) == [
        (
            "me",
            "my_spotify_data.zip",
            f"{FOLDER}/Streaming_History_Audio_2025.json",
            "extended_audio",
            3,
            0,
            datetime(2025, 3, 1, 0, 15, tzinfo=UTC),
            datetime(2025, 3, 3, 0, 15, tzinfo=UTC),
            "loaded",
            None,
        )
    ]
