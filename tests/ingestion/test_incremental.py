"""What a second import does: nothing twice, nothing forgotten, whoever's history it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingestion.errors import WarehouseError
from tests.ingestion.conftest import FOLDER, Database, make_zip, play, plays

Export = Callable[..., Path]
AUDIO = f"{FOLDER}/Streaming_History_Audio_2025.json"
VIDEO = f"{FOLDER}/Streaming_History_Video_2025.json"


def test_every_raw_table_exists_after_the_first_import(database: Database, export: Export) -> None:
    database.load(export({AUDIO: plays(1)}))
    assert database.tables() == [
        "account_streaming_history",
        "follows",
        "import_files",
        "import_problems",
        "library_items",
        "listeners",
        "marquee",
        "playlist_items",
        "playlists",
        "search_queries",
        "search_query_interactions",
        "streaming_history",
    ]


def test_a_second_import_of_the_same_zip_adds_nothing(database: Database, export: Export) -> None:
    zip_file = export({AUDIO: plays(5), VIDEO: plays(3, first=100)})
    first = database.load(zip_file)
    before = database.everything()
    loads = database.query("select count(*) from spotify_export._dlt_loads")
    again = database.load(zip_file)
    assert (first.rows_loaded, first.new_files, first.unchanged_files) == (8, 2, 0)
    assert (again.rows_loaded, again.new_files, again.unchanged_files) == (0, 0, 2)
    assert [file.reason for file in again.files] == ["already loaded"] * 2
    assert database.everything() == before
    assert database.query("select count(*) from spotify_export._dlt_loads") == loads


def test_an_overlapping_export_loads_only_its_new_files(database: Database, export: Export) -> None:
    old, new = plays(4), plays(6, first=50)
    database.load(export({AUDIO: old}, "2024.zip"))
    report = database.load(export({AUDIO: old, VIDEO: new}, "2025.zip"))
    assert report.rows_loaded == 6
    assert [(file.status, file.rows) for file in report.files] == [("duplicate", 0), ("loaded", 6)]
    assert report.files[0].reason == f"the same file as {AUDIO} in 2024.zip"
    assert database.count("streaming_history") == 10
    assert database.query("select distinct loaded_at from spotify_export.streaming_history") != []


def test_the_same_file_twice_in_one_import_counts_once(database: Database, tmp_path: Path) -> None:
    one = make_zip(tmp_path / "one.zip", {AUDIO: plays(4)})
    two = make_zip(tmp_path / "two.zip", {AUDIO: plays(4)})
    report = database.load(one, two, one)
    assert [file.status for file in report.files] == ["loaded", "duplicate"]
    assert database.count("streaming_history") == 4


def test_a_deleted_database_is_filled_again(database: Database, export: Export) -> None:
    zip_file = export({AUDIO: plays(5)})
    database.load(zip_file)
    before = database.everything()
    database.path.unlink()
    assert database.load(zip_file).rows_loaded == 5
    assert database.everything() == before


def test_a_restored_database_gets_what_it_lacks(database: Database, export: Export) -> None:
    database.load(export({AUDIO: plays(5)}, "1.zip"))
    backup = database.path.read_bytes()
    later = export({VIDEO: [play(9, new_field=1)]}, "2.zip")
    database.load(later)
    database.path.write_bytes(backup)
    assert database.load(later).rows_loaded == 1
    assert database.query(
        "select new_field from spotify_export.streaming_history where new_field is not null"
    ) == [(1,)]


def test_two_listeners_with_the_same_zip_both_get_it(database: Database, export: Export) -> None:
    zip_file = export({AUDIO: plays(5)})
    database.load(zip_file, listener="ada")
    assert database.load(zip_file, listener="bob").rows_loaded == 5
    counts = "select listener, count(*) from spotify_export.streaming_history group by 1 order by 1"
    assert database.query(counts) == [("ada", 5), ("bob", 5)]
    assert database.load(zip_file, listener="ada").rows_loaded == 0


def test_a_set_aside_file_is_reported_again_and_recorded_once(
    database: Database, export: Export
) -> None:
    zip_file = export({AUDIO: plays(5), VIDEO: b'[{"ts": "2025-01-01T00:00'})
    first = database.load(zip_file)
    again = database.load(zip_file)
    assert first.has_problems
    assert again.has_problems
    assert [problem.member for problem in again.problems] == [VIDEO]
    assert database.count("import_problems") == 1
    assert database.count("import_files") == 2


def test_a_file_with_bad_rows_is_not_reported_twice(database: Database, export: Export) -> None:
    zip_file = export({AUDIO: [play(0), play(1, ms_played="1")]})
    assert database.load(zip_file).has_problems
    assert not database.load(zip_file).has_problems
    assert database.count("import_problems") == 1


def test_a_file_that_was_set_aside_can_be_read_by_a_later_run(
    database: Database, export: Export
) -> None:
    """As after an update that reads more: its record and problems are replaced."""
    zip_file = export({AUDIO: plays(2)})
    database.load(zip_file)
    database.query("delete from spotify_export.streaming_history")
    database.query("update spotify_export.import_files set status = 'set_aside', rows = 0")
    database.query(
        "insert into spotify_export.import_problems (file_key, listener, reason, loaded_at)"
        " select file_key, listener, 'odd', loaded_at from spotify_export.import_files"
    )
    assert database.load(zip_file).rows_loaded == 2
    assert database.query("select status, rows from spotify_export.import_files") == [("loaded", 2)]
    assert database.count("import_problems") == 0


def test_a_machine_zone_never_replaces_a_configured_one(database: Database, export: Export) -> None:
    zip_file = export({AUDIO: plays(1)})
    zones = "select listener, time_zone, time_zone_source from spotify_export.listeners"
    database.load(zip_file)
    assert database.query(zones)[0][2] == "machine"
    database.load(zip_file, listener_timezone="Europe/Oslo")
    assert database.query(zones) == [("me", "Europe/Oslo", "configured")]
    database.load(zip_file)
    assert database.query(zones) == [("me", "Europe/Oslo", "configured")]


def test_a_database_that_is_open_elsewhere_is_one_line(database: Database, export: Export) -> None:
    import subprocess
    import sys

    zip_file = export({AUDIO: plays(1)})
    database.load(zip_file)
    holder = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(database.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(WarehouseError, match=r"^spotify\.duckdb is open in another program"):
            database.load(zip_file)
        process.communicate("\n")


def test_a_warehouse_that_cannot_be_made_is_one_line(tmp_path: Path, export: Export) -> None:
    (tmp_path / "file").write_text("in the way")
    below_a_file = Database(tmp_path / "file" / "spotify.duckdb")
    with pytest.raises(WarehouseError, match=r"^cannot use the warehouse spotify\.duckdb: .+$"):
        below_a_file.load(export({AUDIO: plays(1)}))


def test_a_file_that_is_no_database_is_left_as_it_is(database: Database, export: Export) -> None:
    database.path.parent.mkdir()
    database.path.write_text("my notes" * 1000)
    with pytest.raises(WarehouseError, match=r"not a valid DuckDB database"):
        database.load(export({AUDIO: plays(1)}))
    assert database.path.read_text() == "my notes" * 1000


def test_nothing_is_left_beside_the_database(database: Database, export: Export) -> None:
    database.load(export({AUDIO: plays(1)}))
    with duckdb.connect(database.path):
        pass
    left = [path for path in database.path.parent.rglob("*") if path.is_file()]
    assert left == [database.path]
