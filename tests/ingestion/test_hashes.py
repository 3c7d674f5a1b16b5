"""Files that have not changed are not read again, and no change is missed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.spotify_export import hashes
from ingestion.spotify_export.archive import Member, find_members
from ingestion.spotify_export.hashes import KnownHashes
from tests.ingestion.conftest import FOLDER, Database, make_zip, plays

Export = Callable[..., Path]
AUDIO = f"{FOLDER}/Streaming_History_Audio_2025.json"
VIDEO = f"{FOLDER}/Streaming_History_Video_2025.json"


@pytest.fixture(autouse=True)
def _files_settle_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "SETTLED_AFTER_SECONDS", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Streaming_History_Audio_2025.json"
    path.write_text(json.dumps(plays(300)))
    return path


def member_of(path: Path) -> Member:
    [member] = find_members([path])[0]
    return member


def test_the_hash_of_a_file_that_was_read_is_known(database: Database, file: Path) -> None:
    assert KnownHashes().of(member_of(file)) is None
    database.load(file)
    assert KnownHashes().of(member_of(file)) == hashlib.sha256(file.read_bytes()).hexdigest()
    again = database.load(file)
    assert [(seen.status, seen.reason) for seen in again.files] == [("loaded", "already loaded")]


def test_a_known_hash_stands_for_the_file(database: Database, file: Path, tmp_path: Path) -> None:
    """Told a wrong hash, the import believes it: so it does not read what it knows."""
    other = tmp_path / "other" / file.name
    other.parent.mkdir()
    other.write_text(json.dumps(plays(300, first=5)))
    database.load(file)
    member = member_of(other)
    shown = hashes.stamp(member)
    assert shown
    known = KnownHashes()
    known.note(shown, hashlib.sha256(file.read_bytes()).hexdigest())
    known.keep()
    assert [seen.status for seen in database.load(other).files] == ["loaded"]
    assert database.count("streaming_history") == 300


def test_a_changed_file_of_the_same_size_and_date_is_read(database: Database, file: Path) -> None:
    database.load(file)
    before = file.stat()
    changed = file.read_bytes().replace(b"Track 7", b"Track 8")
    file.write_bytes(changed)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert database.load(file).rows_loaded == 300


def test_a_zip_that_is_packed_again_is_read(database: Database, export: Export) -> None:
    zip_file = export({AUDIO: plays(300), VIDEO: plays(300, first=500)})
    database.load(zip_file)
    assert [KnownHashes().of(member) for member in find_members([zip_file])[0]].count(None) == 0
    make_zip(zip_file, {AUDIO: plays(300, first=900), VIDEO: plays(300, first=500)})
    assert database.load(zip_file).rows_loaded == 300


def test_a_file_that_was_just_written_is_read_again(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "SETTLED_AFTER_SECONDS", 3600.0)
    database.load(file)
    assert KnownHashes().of(member_of(file)) is None


def test_a_deleted_database_is_filled_again_from_files_of_known_hashes(
    database: Database, file: Path
) -> None:
    database.load(file)
    database.path.unlink()
    assert database.load(file).rows_loaded == 300


def test_another_listener_gets_a_file_of_a_known_hash(database: Database, file: Path) -> None:
    database.load(file, listener="ada")
    assert database.load(file, listener="bob").rows_loaded == 300


@pytest.mark.parametrize("damage", [b"", b'{"a": 1}', b"[", b"\xff"])
def test_damaged_hashes_are_none(
    database: Database, file: Path, damage: bytes, tmp_path: Path
) -> None:
    database.load(file)
    kept = tmp_path / "cache" / "spotify-elt" / "hashes.json"
    kept.write_bytes(damage)
    assert KnownHashes().of(member_of(file)) is None
    assert database.load(file).unchanged_files == 1
    assert KnownHashes().of(member_of(file))


def test_a_cache_folder_that_cannot_be_made_stops_nothing(
    database: Database, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in_the_way").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "in_the_way"))
    assert database.load(file).rows_loaded == 300
    assert database.load(file).rows_loaded == 0


def test_only_the_latest_hashes_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hashes, "MAX_KEPT", 2)
    known = KnownHashes()
    for shown in ("a", "b", "c"):
        known.note(shown, "hash")
    known.keep()
    kept = tmp_path / "cache" / "spotify-elt" / "hashes.json"
    assert list(json.loads(kept.read_bytes())) == ["b", "c"]
    assert list(kept.parent.iterdir()) == [kept]
