"""Killed at any moment, the next run ends as an undisturbed one; memory is bounded by a file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ingestion.conftest import Database, play, plays

RUN = """
import sys
from pathlib import Path
from ingestion.settings import Settings
from ingestion.spotify_export.importing import import_exports

def progress(done, total, member):
    print(done, flush=True)

settings = Settings(_env_file=None, duckdb_path=sys.argv[1], export=[Path(sys.argv[2])],
                    listener="me")
import_exports(settings, progress)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]), flush=True)  # ru_maxrss would hold the parent's too
"""


def start(database: Database, export: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(database.path), str(export)],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    for number in range(8):
        rows = [*plays(8_000, first=number * 8_000), play(number, ms_played=-1)]
        (folder / f"endsong_{number}.json").write_text(json.dumps(rows))
    return folder


@pytest.fixture(scope="module")
def undisturbed(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = Database(tmp_path_factory.mktemp("undisturbed") / "spotify.duckdb")
    database.load(export)
    return database


@pytest.mark.parametrize(
    ("members_read", "delay"),
    [(1, 0.0), (5, 0.0), (9, 0.0), (9, 0.15), (9, 0.3), (9, 0.6)],
    ids=["first file", "fifth file", "all read", "load", "later", "records"],
)
def test_a_killed_import_is_mended_by_the_next(
    database: Database, export: Path, undisturbed: Database, members_read: int, delay: float
) -> None:
    with start(database, export) as process:
        assert process.stdout is not None
        for _ in range(members_read):
            process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    database.load(export)
    assert database.everything() == undisturbed.everything()
    assert database.load(export).new_files == 0


def test_a_run_that_is_killed_as_it_makes_the_database_leaves_a_whole_one(
    database: Database, export: Path
) -> None:
    for _ in range(3):  # it takes a moment, which is easily missed
        with start(database, export) as process:
            while not database.path.exists():
                assert process.poll() is None
            process.send_signal(signal.SIGKILL)
        assert database.query("select 1") == [(1,)]
        database.path.unlink()


def test_what_was_left_of_making_the_database_is_gone_after_the_next_run(
    database: Database, export: Path
) -> None:
    unfinished = database.path.with_name(f".{database.path.name}.unfinished")
    database.path.parent.mkdir()
    unfinished.write_bytes(b"half a header")
    database.load(export / "endsong_0.json")
    assert not unfinished.exists()

    unfinished.hardlink_to(database.path)  # killed a moment later
    database.load(export / "endsong_1.json")
    assert not unfinished.exists(), "who deletes the database deletes all of it"


def test_rows_without_their_record_are_deleted_first(database: Database, export: Path) -> None:
    """The moment between the two packages, which a timer rarely hits."""
    database.load(export)
    before = database.everything()
    database.query("delete from spotify_export.import_files where member <> 'endsong_3.json'")
    database.load(export)
    assert database.everything() == before


def test_memory_is_bounded_by_a_file_and_not_by_the_export(
    database: Database, tmp_path: Path
) -> None:
    rows = json.dumps(plays(16_000), indent=2)
    folder = tmp_path / "big"
    folder.mkdir()
    for number in range(18):
        (folder / f"endsong_{number}.json").write_text(rows.replace("Artist", f"Artist {number}"))
    assert sum(file.stat().st_size for file in folder.iterdir()) > 190 * 1024**2
    with start(database, folder) as process:
        output = process.communicate()[0]
    assert int(output.splitlines()[-1]) < 600 * 1024
    assert database.count("streaming_history") == 18 * 16_000
