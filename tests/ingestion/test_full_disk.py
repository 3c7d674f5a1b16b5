"""A disk that fills up: one line, nothing lost, and the next run goes on where room is made."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.settings import PROJECT_ROOT
from tests.ingestion.conftest import Database, plays

ROWS_PER_FILE = 8_000


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One file that fits, and a folder of four that do not."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "small").mkdir()
    (folder / "big").mkdir()
    (folder / "small" / "endsong_0.json").write_text(json.dumps(plays(100)))
    for number in range(4):
        rows = plays(ROWS_PER_FILE, first=1_000 + number * ROWS_PER_FILE)
        (folder / "big" / f"endsong_{number}.json").write_text(json.dumps(rows))
    return [folder / "small", folder / "big"]


def ingest_with_room_for(size: int, database: Database, export: Path) -> tuple[int, str]:
    """The exit code and last words of an import that cannot make a file larger than `size`."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    variables = {
        "EXPORT": str(export),
        "DUCKDB_PATH": str(database.path),
        "PYTHONPATH": str(PROJECT_ROOT),
        "SPOTIFY_TOKENS": str(database.path.parent / "none.json"),
    }
    # coverage's own file would not fit either
    untraced = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "ingestion", "ingest"],
        env=untraced | variables,
        preexec_fn=limit,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "size", [60_000, 2_300_000], ids=["dlt's working folder", "the database itself"]
)
def test_a_full_disk_is_one_line_and_loses_nothing(
    database: Database, exports: list[Path], size: int
) -> None:
    small, big = exports
    database.load(small)
    before = database.everything()

    code, errors = ingest_with_room_for(size, database, big)

    assert code == 1
    assert errors.startswith("spotify-elt: no room left for the warehouse spotify.duckdb: free ")
    assert errors.count("\n") == 1
    assert not [path for path in database.path.parent.rglob(".dlt/**/*") if path.is_file()]
    assert database.everything()["import_files"] == before["import_files"]

    assert database.load(small, big).rows_loaded == 4 * ROWS_PER_FILE
    assert database.count("streaming_history") == 100 + 4 * ROWS_PER_FILE
