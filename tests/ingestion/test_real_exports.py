"""Real, anonymous exports: every row of every file arrives, none is a problem."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.ingestion.conftest import Database

FOLDER = Path(__file__).parents[2].parent / "shared" / "real_exports"
EXPORTS = sorted(FOLDER.glob("*.zip"))

pytestmark = [
    pytest.mark.real_exports,
    pytest.mark.skipif(not EXPORTS, reason="the real exports are not here"),
]


def test_real_exports_load_whole_and_without_a_problem(database: Database) -> None:
    expected = {}
    for path in EXPORTS:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                expected[path.name, name] = len(json.loads(archive.read(name)))
    report = database.load(*EXPORTS)
    assert report.problem_count == 0
    assert {(file.archive, file.member): file.rows for file in report.files} == expected
    loaded = database.count("streaming_history") + database.count("account_streaming_history")
    assert loaded == sum(expected.values()) == report.rows_loaded


def test_the_name_of_a_real_file_agrees_with_its_rows(database: Database, tmp_path: Path) -> None:
    """Audio or video is seen in the rows of files that hold tracks, without their names."""
    named: dict[str, str] = {}
    for path in EXPORTS:
        with zipfile.ZipFile(path) as archive:
            for number, name in enumerate(archive.namelist()):
                data = archive.read(name)
                tracks = sum(bool(row.get("spotify_track_uri")) for row in json.loads(data))
                if "Streaming_History" in name and tracks > 10:
                    member = f"{path.stem}_{number}.json"
                    (tmp_path / member).write_bytes(data)
                    kind = "extended_video" if "Video" in name else "extended_audio"
                    named[member] = kind
    report = database.load(tmp_path)
    assert {file.member: str(file.kind) for file in report.files} == named
