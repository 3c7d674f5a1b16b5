"""Zips, folders, files; and what nobody at Spotify made."""

from __future__ import annotations

import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestion.errors import ExportError
from ingestion.spotify_export import archive
from ingestion.spotify_export.archive import find_members
from tests.ingestion.conftest import FOLDER, Database, make_zip, plays

Export = Callable[..., Path]
NAME = f"{FOLDER}/Streaming_History_Audio_2025.json"


def encrypt(path: Path) -> Path:
    """Set the flag of encryption on every member, as in a zip made with a password."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 4)
    path.write_bytes(data)
    return path


def flip_a_byte(path: Path, member: str) -> Path:
    with zipfile.ZipFile(path) as zip_file:
        info = zip_file.getinfo(member)
    data = bytearray(path.read_bytes())
    (name_length, extra_length) = struct.unpack_from("<HH", data, info.header_offset + 26)
    data[info.header_offset + 30 + name_length + extra_length + info.compress_size // 2] ^= 0xFF
    path.write_bytes(data)
    return path


def declare_size(path: Path, size: int) -> Path:
    """Make the zip's directory promise `size` bytes for its only member."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + 24, size)
    path.write_bytes(data)
    return path


def test_a_folder_is_walked_and_its_zips_are_opened(database: Database, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    make_zip(exports / "2024" / "my_spotify_data.zip", {NAME: plays(2)})
    (exports / "unpacked").mkdir()
    (exports / "unpacked" / "endsong_0.json").write_text(json.dumps(plays(3, first=40)))
    (exports / ".gitkeep").write_text("")
    (exports / ".hidden").mkdir()
    (exports / ".hidden" / "endsong_1.json").write_text(json.dumps(plays(9, first=90)))
    report = database.load(exports)
    assert [(file.archive, file.member, file.rows) for file in report.files] == [
        ("my_spotify_data.zip", NAME, 2),
        ("exports", "unpacked/endsong_0.json", 3),
    ]


def test_a_single_file_is_enough(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "endsong_0.json"
    file.write_text(json.dumps(plays(3)))
    assert database.load(file).rows_loaded == 3


def test_no_path_of_the_machine_reaches_the_warehouse(
    database: Database, export: Export, tmp_path: Path
) -> None:
    database.load(export({NAME: plays(1)}), tmp_path / "gone.zip", tmp_path)
    assert str(tmp_path) not in database.text()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (encrypt, r"^bad\.zip is encrypted: unpack it"),
        (lambda path: declare_size(path, 2**30), r"^bad\.zip is a zip bomb \(.+ 1024 MB\)"),
        (lambda path: declare_size(path, 11 * 2**20), r"^bad\.zip is a zip bomb \(.+ 11 MB\)"),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), r"^bad\.zip is not a zip"),
        (lambda path: path.write_bytes(b""), r"^bad\.zip is not a zip"),
        (lambda path: make_zip(path, {}), r"^bad\.zip is an empty zip"),
        (lambda path: make_zip(path, {"../../x.json": plays(1)}), r"^bad\.zip holds a name that"),
        (lambda path: make_zip(path, {"/x.json": plays(1)}), r"^bad\.zip holds a name that"),
        (lambda path: make_zip(path, {"a\\..\\x.json": plays(1)}), r"^bad\.zip holds a name that"),
        (lambda path: make_zip(path, {"C:\\x.json": plays(1)}), r"^bad\.zip holds a name that"),
        (Path.unlink, r"bad\.zip does not exist"),
    ],
    ids=[
        "encrypted", "huge", "bomb", "cut", "no bytes", "empty",
        "climbing", "absolute", "backslash", "drive", "missing",
    ],
)  # fmt: skip
def test_a_zip_that_spotify_cannot_have_made_is_one_line(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    bad = make_zip(tmp_path / "bad.zip", {NAME: plays(5)})
    spoil(bad)
    with pytest.raises(ExportError, match=message) as caught:
        find_members([bad])
    assert "\n" not in str(caught.value)


def test_a_real_zip_bomb_is_not_unpacked(database: Database, tmp_path: Path) -> None:
    bomb = make_zip(tmp_path / "bomb.zip", {NAME: b"[" + b" " * 20 * 2**20})
    with pytest.raises(ExportError, match="is a zip bomb"):
        database.load(bomb)
    assert not database.path.exists()


def test_an_empty_folder_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is empty: put the zip that Spotify sent you into it"):
        find_members([tmp_path])


def test_too_much_in_all_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 1000)
    with pytest.raises(ExportError, match="unpacks to over"):
        find_members([make_zip(tmp_path / "a.zip", {NAME: plays(5)})])


def test_one_bad_archive_does_not_stop_the_others(database: Database, tmp_path: Path) -> None:
    good = make_zip(tmp_path / "good.zip", {NAME: plays(2)})
    bad = encrypt(make_zip(tmp_path / "bad.zip", {NAME: plays(5)}))
    report = database.load(bad, tmp_path / "gone.zip", good)
    assert report.rows_loaded == 2
    assert report.has_problems
    assert [(problem.archive, problem.file_row) for problem in report.problems] == [
        ("bad.zip", None),
        ("gone.zip", None),
    ]
    again = database.load(bad, tmp_path / "gone.zip", good)
    assert again.problem_count == 2
    assert database.count("import_problems") == 2


def test_archives_of_the_same_name_are_told_apart(database: Database, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    name = "my_spotify_data.zip"
    encrypt(make_zip(exports / "a" / name, {NAME: plays(5)}))
    (exports / "b").mkdir()
    (exports / "b" / name).write_bytes(b"PK\x03\x04 and no more")
    for folder in ("c", "d", "e"):
        make_zip(exports / folder / name, {NAME: plays(2)})
    report = database.load(exports)
    assert [file.status for file in report.files] == ["set_aside"] * 2 + ["loaded"] + [
        "duplicate"
    ] * 2
    assert database.query(
        "select count(*), count(distinct file_key) from spotify_export.import_files"
    ) == [(5, 5)]
    assert database.count("import_problems") == 2
    assert not any(file.is_new for file in database.load(exports).files)
    assert database.count("import_files") == 5


def test_a_name_that_is_no_text_is_read_all_the_same(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"Do\xf1a")
    folder.mkdir()
    (folder / os.fsdecode(b"endsong_\xe9.json")).write_text(json.dumps(plays(3)))
    (folder / os.fsdecode(b"\xe9.zip")).write_bytes(b"no zip")
    report = database.load(folder, tmp_path / os.fsdecode(b"\xe9"))
    assert [(file.archive, file.member, file.rows) for file in report.files] == [
        ("\\xe9.zip", "", 0),
        ("\\xe9", "", 0),
        ("Do\\xf1a", "endsong_\\xe9.json", 3),
    ]


def test_what_is_not_followed_is_said(database: Database, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    make_zip(exports / "my_spotify_data.zip", {NAME: plays(2)})
    (exports / "old").symlink_to(tmp_path)
    (exports / "gone.json").symlink_to(tmp_path / "gone.json")
    (exports / ".hidden").symlink_to(tmp_path)
    report = database.load(exports)
    assert report.rows_loaded == 2
    assert [(problem.archive, problem.reason) for problem in report.problems] == [
        ("old", "old is a link to a folder, which is not followed: give that folder as well"),
        ("gone.json", "gone.json is no file, or a link to none: nothing to read"),
    ]


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that anyone may look into, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_cannot_be_opened_is_said(open_to_all: Path) -> None:
    make_zip(open_to_all / "my_spotify_data.zip", {NAME: plays(2)})
    closed = open_to_all / "closed"
    closed.mkdir(mode=0)
    user = os.geteuid()
    os.seteuid(user or 65_534)  # nothing is closed to root
    try:
        _, refusals = find_members([open_to_all])
    finally:
        os.seteuid(user)
    assert [refusal.reason for refusal in refusals] == [
        "closed cannot be opened: Permission denied"
    ]
    closed.chmod(0o700)


def test_a_member_with_a_bad_checksum_is_set_aside(database: Database, tmp_path: Path) -> None:
    export = make_zip(tmp_path / "a.zip", {NAME: plays(200), "endsong_0.json": plays(2, first=400)})
    report = database.load(flip_a_byte(export, NAME))
    assert [(file.member, file.status) for file in report.files] == [
        (NAME, "set_aside"),
        ("endsong_0.json", "loaded"),
    ]
    assert report.problems[0].reason.startswith("damaged in the zip (")


def test_a_zip_within_a_zip_is_set_aside(database: Database, tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", {NAME: plays(5)})
    outer = make_zip(
        tmp_path / "outer.zip", {"my.zip": inner.read_bytes(), "endsong_0.json": plays(2)}
    )
    report = database.load(outer)
    assert report.rows_loaded == 2
    assert [problem.reason for problem in report.problems] == [
        "a zip within a zip: unpack it and give it by itself"
    ]
