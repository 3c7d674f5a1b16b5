"""The parser by itself: whatever comes in, each row is either typed or a problem."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention
from hypothesis import given
from hypothesis import strategies as st

from ingestion.spotify_export.kinds import Kind, claimed_by_name, recognise
from ingestion.spotify_export.reader import Policy, UnreadableFileError, read
from ingestion.spotify_export.tables import (
    RAW_TABLES,
    STREAMING_HISTORY,
    column_name,
    looks_private,
)
from tests.ingestion.conftest import IP, play, plays

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
fields = st.sampled_from([*STREAMING_HISTORY.fields, "ip_addr", "new_field"]) | st.text(max_size=6)
rows = st.builds(lambda change: play(1) | change, st.dictionaries(fields, values, max_size=3))


@given(st.lists(rows | values, max_size=8))
def test_rows_in_are_rows_read_plus_problems(content: list[Any]) -> None:
    data = json.dumps(content).encode()
    reading = read(data, Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())
    assert reading.rows + len(reading.problems) == len(content)
    places = [problem.file_row for problem in reading.problems]
    for table in reading.tables.values():
        places += table["file_row"].to_pylist()
        assert IP not in str(table.to_pydict())
    assert sorted(places) == list(range(1, len(content) + 1))
    assert all(IP not in (problem.raw or "") for problem in reading.problems)


@given(st.lists(rows, min_size=1, max_size=5))
def test_a_typed_row_holds_what_the_file_said(content: list[dict[str, Any]]) -> None:
    data = json.dumps(content).encode()
    reading = read(data, Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())
    for row in reading.tables["streaming_history"].to_pylist():
        said = content[row["file_row"] - 1]
        for name in ("ms_played", "platform", "shuffle", "episode_name", "offline_timestamp"):
            text = said.get(name)
            assert row[name] == (text.replace("\0", "\ufffd") if isinstance(text, str) else text)
            assert type(row[name]) is type(said.get(name))


@pytest.mark.parametrize("field", ["episode_show_name", "new_field"], ids=["fast", "slow path"])
def test_a_character_that_no_warehouse_need_store_is_replaced(field: str) -> None:
    name = "a\0b \\u0000 \\\0"
    data = json.dumps([play(1) | {"episode_name": name, field: name}]).encode()
    [row] = (
        read(data, Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())
        .tables["streaming_history"]
        .to_pylist()
    )
    assert row["episode_name"] == row[field] == name.replace("\0", "\ufffd")


@given(st.dictionaries(st.text(max_size=6) | st.sampled_from(["playlists", "items"]), values))
def test_no_document_breaks_the_parser(document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    for kind in (Kind.LIBRARY, Kind.PLAYLISTS, Kind.FOLLOW, Kind.SEARCH_QUERIES):
        read(data, kind, "x.json", Policy())


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    recognise(data, Kind.UNKNOWN)
    with contextlib.suppress(UnreadableFileError):
        read(data, Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())


@given(st.integers(min_value=1, max_value=2_000))
def test_a_file_that_was_cut_is_never_read_in_part(cut: int) -> None:
    data = json.dumps(plays(3)).encode()[:-cut]
    with pytest.raises(UnreadableFileError):
        read(data, Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())


def test_the_slow_path_reads_the_same_as_the_fast_one() -> None:
    fast = read(json.dumps(plays(50)).encode(), Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())
    with_one_bad = json.dumps([*plays(50), 7]).encode()
    slow = read(with_one_bad, Kind.EXTENDED_AUDIO, "endsong_0.json", Policy())
    assert slow.tables["streaming_history"].equals(fast.tables["streaming_history"])


@pytest.mark.parametrize(
    "name",
    ["ip", "ip_addr", "clientIP", "ipAddress", "userAgent", "user_name", "e_mail", "Email",
     "birthdate", "home_city", "region", "lat", "longitude", "postal_code", "phoneNumber"],
)  # fmt: skip
def test_a_field_that_says_who_or_where_is_private(name: str) -> None:
    assert looks_private(name)


@pytest.mark.parametrize(
    "name",
    ["skipped", "description", "chip", "capacity", "headphones", "platform", "relation",
     "device_type", "rating", "conn_country", "mission"],
)  # fmt: skip
def test_a_field_that_only_looks_alike_is_not(name: str) -> None:
    assert not looks_private(name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("endsong_12.json", Kind.EXTENDED_AUDIO),
        ("Streaming_History_Audio_2015-2018_0.json", Kind.EXTENDED_AUDIO),
        ("Streaming_History_Video_2022.json", Kind.EXTENDED_VIDEO),
        ("StreamingHistory0.json", Kind.ACCOUNT_MUSIC),
        ("StreamingHistory_music_0.json", Kind.ACCOUNT_MUSIC),
        ("StreamingHistory_podcast_0.json", Kind.ACCOUNT_PODCAST),
        ("StreamingHistory_audiobook_0.json", Kind.ACCOUNT_AUDIOBOOK),
        ("Playlist1.json", Kind.PLAYLISTS),
        ("playlist_notes.json", Kind.UNKNOWN),
        ("Wrapped2024.json", Kind.WRAPPED),
        ("Userdata.json", Kind.PERSONAL),
        ("Userdata (1).json", Kind.PERSONAL),
        ("identity_crisis.json", Kind.UNKNOWN),
    ],
)
def test_what_a_name_claims(name: str, kind: Kind) -> None:
    assert claimed_by_name(name) is kind


def test_columns_are_the_fields_in_snake_case() -> None:
    assert column_name("msPlayed") == "ms_played"
    assert list(STREAMING_HISTORY.columns) == list(STREAMING_HISTORY.fields)


NAMES = {name for table in RAW_TABLES for name in table.fields}


@pytest.mark.parametrize("name", sorted(NAMES | {"newField2", "someURIs", "Ünï"}))
def test_a_column_is_called_what_dlt_would_call_it(name: str) -> None:
    assert column_name(name) == NamingConvention().normalize_identifier(name)
