"""The commands as people type them: a process, its words, its exit code, its files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import load_settings
from ingestion.summary import unusual_variables
from ingestion.warehouse import open_warehouse
from tests.command_line.conftest import Run


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("EXPORT", "nowhere.zip", "nowhere.zip does not exist"),
        ("LISTENER_TIMEZONE", "Mars/Olympus", "is not an IANA time zone"),
        ("DUCKDB_PATH", "marts.duckdb", "also the name of a schema"),
        ("WAREHOUSE", "paper", "WAREHOUSE"),
        ("LISTENER", "no spaces", "LISTENER"),
    ],
)
def test_a_wrong_setting_is_one_line(
    spotify_elt: Run, variable: str, value: str, words: str
) -> None:
    result = spotify_elt("run", **{variable: value})

    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_debug_shows_the_traceback(spotify_elt: Run) -> None:
    result = spotify_elt("--debug", "run", EXPORT="nowhere.zip")

    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_a_warehouse_that_is_open_elsewhere_is_one_line(
    spotify_elt: Run, environment: dict[str, str], export: Path
) -> None:
    path = Path(environment["DUCKDB_PATH"])
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)):
        result = spotify_elt("run", "--export", export)

    assert result.returncode == 1
    assert "open in another program" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_who_writes_waits_for_who_reads_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "spotify.duckdb"
    duckdb.connect(path).close()
    reader = "import duckdb, sys, time; held = duckdb.connect(sys.argv[1], read_only=True)"
    reader += "; print('open', flush=True); time.sleep(0.7)"
    with subprocess.Popen([sys.executable, "-c", reader, path], stdout=subprocess.PIPE) as reading:
        assert reading.stdout
        assert reading.stdout.readline() == b"open\n"
        with open_warehouse(load_settings(duckdb_path=path)) as warehouse:
            assert warehouse.query("select 1") == [(1,)]


def test_summary_and_parquet_before_anything_was_built_say_what_to_do(
    spotify_elt: Run, export: Path, tmp_path: Path
) -> None:
    spotify_elt("ingest", "--export", export)

    assert "spotify-elt run" in spotify_elt("summary").stdout
    parquet = spotify_elt("parquet", "--output", tmp_path / "marts")
    assert parquet.returncode == 1
    assert "spotify-elt run" in parquet.stderr


def test_what_to_do_next_finds_the_warehouse_that_was_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DUCKDB_PATH", "data/spotify.duckdb")
    assert unusual_variables(load_settings()) == ""
    demo = load_settings(duckdb_path=Path("data/demo/demo.duckdb"), schema_prefix="demo_")
    assert unusual_variables(demo) == "DUCKDB_PATH=data/demo/demo.duckdb SCHEMA_PREFIX=demo_ "


def test_costs_over_a_limit_are_one_line_more_and_fail(
    spotify_elt: Run, environment: dict[str, str]
) -> None:
    nothing = spotify_elt("costs")
    assert nothing.returncode == 1
    assert "no warehouse yet" in nothing.stderr

    path = Path(environment["DUCKDB_PATH"])
    path.parent.mkdir(parents=True)
    with duckdb.connect(path) as connection:
        connection.execute("create table x as select range as y from range(100000)")
    costs = spotify_elt("costs", STORAGE_LIMIT_GIB="1")
    assert costs.returncode == 0, costs.stderr
    assert re.search(r"Stored   [\d.]+ KiB, 0% of 1.0 GiB in data/spotify.duckdb", costs.stdout)
    assert spotify_elt("costs", "--dry-run").stdout.startswith("Build    nothing is billed")

    over = spotify_elt("costs", STORAGE_LIMIT_GIB="0.00001")
    assert over.returncode == 1
    assert over.stderr == "spotify-elt: more is used than the limits allow, see above\n"
