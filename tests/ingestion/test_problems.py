"""Nothing is lost in silence, nothing is guessed, nothing private gets out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ingestion.conftest import IP, Database, play, plays

Export = Callable[..., Path]
NAME = "Streaming_History_Audio_2025.json"


def problems(database: Database) -> list[tuple[Any, ...]]:
    return database.query(
        "select file_row, reason from spotify_export.import_problems order by all"
    )


UNTYPABLE: list[tuple[Any, str]] = [
    (play(1, ms_played="120000"), "Expected `int | null`, got `str` at `ms_played`"),
    (play(1, ms_played=1.5), "Expected `int | null`, got `float` at `ms_played`"),
    (play(1, ms_played=10**30), "Expected `int` <= 9223372036854775807 at `ms_played`"),
    (play(1, shuffle="true"), "Expected `bool | null`, got `str` at `shuffle`"),
    (play(1, skipped=0), "Expected `bool | null`, got `int` at `skipped`"),
    (play(1, platform={"os": "x"}), "Expected `str | null`, got `object` at `platform`"),
    (play(1, ms_played=None), "ms_played is missing"),
    (play(1, ts=None), "ts is missing"),
    (play(1, ms_played=-1), "ms_played is negative"),
    (play(1, ms_played=86_400_001), "ms_played is more than a day"),
    (play(1, ts="yesterday"), "ts is not a time that can be read"),
    (play(1, ts="2025-02-30T00:00:00Z"), "ts is not a time that can be read"),
    (play(1, ts="2025-02-03T00:00:00"), "ts is not a time that can be read"),
    (play(1, ts="2005-12-31T23:59:59Z"), "ts is before 2006 or in the future"),
    (play(1, ts="2999-01-01T00:00:00Z"), "ts is before 2006 or in the future"),
    (["a"], "Expected `object`, got `array`"),
    (None, "Expected `object`, got `null`"),
    ("ada@example.org", "Expected `object`, got `str`"),
]


def test_rows_that_cannot_be_typed_are_set_aside_with_their_reason(
    database: Database, export: Export
) -> None:
    rows = [play(0), *(row for row, _ in UNTYPABLE), play(2)]
    report = database.load(export({NAME: rows}))
    assert report.rows_loaded == 2
    expected = [(place, reason) for place, (_, reason) in enumerate(UNTYPABLE, start=2)]
    assert [(p.file_row, p.reason) for p in report.problems] == expected
    assert problems(database) == expected
    loaded = "select file_row from spotify_export.streaming_history order by 1"
    assert database.query(loaded) == [(1,), (len(rows),)]
    assert database.query("select rows, problem_rows from spotify_export.import_files") == [
        (2, len(UNTYPABLE))
    ]


def test_the_raw_text_of_a_row_is_kept_without_its_private_fields(
    database: Database, export: Export
) -> None:
    row = play(1, ms_played="x", username="ada", userAgent="curl", homeCity="Oslo")
    row["context"] = {"clientIp": IP, "depth": 1}
    database.load(export({NAME: [play(0), row]}))
    ((raw,),) = database.query("select raw from spotify_export.import_problems")
    expected = play(1, ms_played="x", context={"depth": 1})
    del expected["ip_addr"]
    assert json.loads(raw) == expected


def test_no_private_value_is_anywhere_in_the_database(database: Database, export: Export) -> None:
    private = {
        "username": "ada-lovelace",
        "ip_addr_decrypted": "198.51.100.9",
        "user_agent_decrypted": "curl/8",
        "city": "Longyearbyen",
        "latitude": 78.2231,
        "ip_address_v6": "2001:db8::77",
        "email": "ada@example.org",
    }
    rows = [
        play(0) | private,
        play(1, new_field=1) | private,
        play(2, connection={"wifi": True, "user": private}, devices=[private]),
        play(3, ms_played="x") | private,
        private["email"],
    ]
    database.load(export({NAME: rows}))
    assert database.count("streaming_history") == 3
    assert database.count("import_problems") == 2
    connections = "select distinct connection from spotify_export.streaming_history order by 1"
    assert database.query(connections) == [('{"wifi":true,"user":{}}',), (None,)]
    text = database.text()
    for value in (IP, *private.values()):
        assert str(value) not in text


def test_a_private_field_that_is_asked_for_becomes_a_column(
    database: Database, export: Export
) -> None:
    rows = [play(0), play(1, username="ada-lovelace")]
    database.load(export({NAME: rows}), keep_private_fields=["ip_addr"])
    assert database.query("select distinct ip_addr from spotify_export.streaming_history") == [
        (IP,)
    ]
    assert "ada-lovelace" not in database.text()


def test_an_unknown_field_is_kept_as_a_new_column(database: Database, export: Export) -> None:
    rows = [
        play(0),
        play(1, newField=7, aiDj=True, mood="calm", score=0.5, context={"depth": [1]}),
        play(2, newField=None, score=1),
    ]
    report = database.load(export({NAME: rows}))
    assert not report.has_problems
    assert database.query(
        "select new_field, ai_dj, mood, score, context from spotify_export.streaming_history"
        " order by file_row"
    ) == [
        (None, None, None, None, None),
        (7, True, "calm", 0.5, '{"depth":[1]}'),
        (None, None, None, 1.0, None),
    ]


def test_files_with_and_without_a_new_field_load_together(
    database: Database, export: Export
) -> None:
    database.load(
        export({"a.json": plays(2), "b.json": [play(50, mood="calm")], "c.json": plays(2, 70)})
    )
    counts = "select count(*), count(mood) from spotify_export.streaming_history"
    assert database.query(counts) == [(5, 1)]


@pytest.mark.parametrize("separately", [False, True], ids=["one import", "two imports"])
def test_a_new_field_that_changes_its_type_is_set_aside(
    database: Database, export: Export, separately: bool
) -> None:
    first = {"a.json": [play(0, mood=3)]}
    second = {"b.json": [play(1, mood="calm"), play(2, mood=4)]}
    if separately:
        database.load(export(first, "1.zip"))
        report = database.load(export(second, "2.zip"))
    else:
        report = database.load(export(first | second))
    assert [(p.member, p.file_row) for p in report.problems] == [("b.json", 1)]
    moods = "select mood from spotify_export.streaming_history order by 1"
    assert database.query(moods) == [(3,), (4,)]


def test_a_new_field_cannot_take_the_column_of_another(database: Database, export: Export) -> None:
    report = database.load(export({NAME: [play(0), play(1, msPlayed=5), play(2, loaded_at="x")]}))
    assert [(p.file_row, p.reason) for p in report.problems] == [
        (2, "new field 'msPlayed' has no column name of its own"),
        (3, "new field 'loaded_at' has no column name of its own"),
    ]
    assert report.rows_loaded == 1


def test_a_file_of_a_hundred_new_fields_is_set_aside(database: Database, export: Export) -> None:
    wild = play(0) | {f"field_{number}": 1 for number in range(101)}
    report = database.load(export({NAME: [wild], "b.json": plays(1)}))
    assert [file.status for file in report.files] == ["set_aside", "loaded"]


def test_files_that_are_not_json_are_set_aside_as_a_whole(
    database: Database, export: Export
) -> None:
    broken = {
        "endsong_0.json": json.dumps(plays(3)).encode()[:-200],
        "endsong_1.json": b'[{"ts": "2025-01-01T00:00:00Z", "ms_played": 1, ',
        "endsong_2.json": b"",
        "endsong_3.json": b"<html>Sign in</html>",
        "endsong_4.json": b"[" * 100_000,
        "endsong_5.json": b"\x00\x01\x02",
    }
    report = database.load(export(broken | {"endsong_6.json": plays(2)}))
    assert [(file.status, file.rows) for file in report.files] == [
        *[("set_aside", 0)] * len(broken),
        ("loaded", 2),
    ]
    assert {file.kind for file in report.files} == {"extended_audio"}
    reasons = [problem.reason for problem in report.problems]
    for reason, pattern in zip(
        reasons,
        [
            r"^not JSON from byte [\d,]+ of [\d,]+ on, after 2 whole rows: cut or damaged$",
            r"^not JSON from byte \d+ of 48 on: cut or damaged$",
            r"^it is empty$",
            r"^not JSON from byte 0 of 20 on",
            r"^it is nested too deeply to be read$",
            r"^not JSON from byte 0 of 3 on",
        ],
        strict=True,
    ):
        assert re.search(pattern, reason)
    assert sorted(problems(database)) == sorted((None, reason) for reason in reasons)


def test_characters_that_are_no_text_cost_only_their_row(
    database: Database, export: Export
) -> None:
    bad_utf8 = json.dumps(play(1)).encode().replace(b"Track 1", b"Track \xff")
    half_pair = json.dumps(play(2)).encode().replace(b"Track 2", rb"Track \ud83d")
    emoji = json.dumps(play(3)).encode().replace(b"Track 3", rb"Track \ud83d\ude00")
    report = database.load(export({NAME: b"[" + b",".join([bad_utf8, half_pair, emoji]) + b"]"}))
    assert [problem.file_row for problem in report.problems] == [1, 2]
    names = "select master_metadata_track_name from spotify_export.streaming_history"
    assert database.query(names) == [("Track \N{GRINNING FACE}",)]


def test_an_odd_first_row_does_not_hide_the_kind(database: Database, export: Export) -> None:
    report = database.load(export({"a.json": ["header", *plays(2)]}))
    assert report.rows_loaded == 2
    assert [problem.file_row for problem in report.problems] == [1]


def test_a_bad_date_in_a_playlist_costs_only_its_row(database: Database, export: Export) -> None:
    report = database.load(
        export(
            {
                "Playlist1.json": {
                    "playlists": [
                        {"name": "a", "lastModifiedDate": "31/01/2025"},
                        {"name": "b", "lastModifiedDate": "2025-01-31"},
                    ]
                }
            }
        )
    )
    assert [(p.file_row, p.reason) for p in report.problems] == [
        (1, "lastModifiedDate is not a time that can be read")
    ]
    assert database.query("select name from spotify_export.playlists") == [("b",)]


def test_problems_are_capped_for_display_and_counted_in_full(
    database: Database, export: Export
) -> None:
    report = database.load(export({NAME: [play(n, ms_played=-1) for n in range(150)] + plays(1)}))
    assert (len(report.problems), report.problem_count) == (100, 150)
    assert database.count("import_problems") == 150
