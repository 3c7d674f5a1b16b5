"""The commands as people type them: a process, its words, its exit code, its files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import PROJECT_ROOT
from simulator import Account, Extended, imagine, write_export


@pytest.fixture
def environment(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing of the developer's own: no .env, no data, a target that keeps the parse."""
    base = tmp_path_factory.getbasetemp()
    own = {"EXPORT", "LISTENER", "LISTENER_TIMEZONE", "KEEP_PRIVATE_FIELDS"}
    return {name: value for name, value in os.environ.items() if name not in own} | {
        "DUCKDB_PATH": str(tmp_path / "data" / "spotify.duckdb"),
        "LISTENER_TIMEZONE": "Europe/Oslo",
        "DBT_PROJECT_DIR": str(PROJECT_ROOT / "dbt_project"),
        "DBT_PROFILES_DIR": str(PROJECT_ROOT / "profiles"),
        "DBT_TARGET_PATH": str(base / "target"),
        "DBT_LOG_PATH": str(base / "logs"),
        "COLUMNS": "100",
    }


def spotify_elt(
    environment: dict[str, str], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingestion", *map(str, arguments)],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exports") / "my_spotify_data.zip"
    world = imagine(1_500, seed=8)
    end = world.plays[-1].ended_at.date()
    write_export(world, path, [Extended("extended_2026"), Account(end)])
    return path


def test_run_says_what_it_found_and_a_second_run_that_nothing_is_new(
    environment: dict[str, str], export: Path, tmp_path: Path
) -> None:
    first = spotify_elt(environment, "run", "--export", export)

    assert first.returncode == 0, first.stderr
    assert "me, on the clocks of Europe/Oslo" in first.stdout
    assert "of 1,5" in first.stdout
    assert "plays" in first.stdout
    assert "Top artists" in first.stdout
    assert "left alone (Identifiers" in first.stdout or "left alone (Identity" in first.stdout
    assert "spotify.duckdb" in first.stdout
    assert "\x1b" not in first.stdout + first.stderr, "colours in a pipe"
    assert "Building" not in first.stderr, "progress in a pipe"

    second = spotify_elt(environment, "run", "--export", export)
    assert second.returncode == 0
    assert "nothing new" in second.stdout

    again = spotify_elt(environment, "summary")
    assert again.returncode == 0
    assert again.stdout.split("me, on the clocks")[1] == second.stdout.split("me, on the clocks")[1]

    folder = tmp_path / "marts"
    for _ in range(2):  # the second replaces the first
        written = spotify_elt(environment, "parquet", "--output", folder)
        assert written.returncode == 0, written.stderr
    with duckdb.connect(environment["DUCKDB_PATH"], read_only=True) as connection:
        marts = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        for (mart,) in marts:
            [(held, filed)] = connection.execute(
                f"select (select count(*) from marts.{mart}), (select count(*) from"
                f" read_parquet('{folder}/{mart}/**/*.parquet', hive_partitioning = true))"
            ).fetchall()
            assert held == filed, mart
    assert list(folder.glob("fct_plays/listener=me/year_month=*/*.parquet"))


def test_what_cannot_be_read_is_named_and_the_rest_goes_in(
    environment: dict[str, str], export: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(export) as good, zipfile.ZipFile(broken, "w") as bad:
        names = [name for name in good.namelist() if "Audio" in name]
        rows = json.loads(good.read(names[0]))
        rows[3]["ms_played"] = "a while"
        bad.writestr(names[0], json.dumps(rows))
        bad.writestr(names[1], good.read(names[1])[:-200])

    result = spotify_elt(environment, "run", "--export", broken)

    assert result.returncode == 1
    assert "Set aside 2" in result.stdout
    assert Path(names[1]).name in result.stdout
    assert "row 4" in result.stdout
    assert "me, on the clocks of" in result.stdout, "the rest did not go in"
    assert "Traceback" not in result.stdout + result.stderr


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
    environment: dict[str, str], variable: str, value: str, words: str
) -> None:
    result = spotify_elt(environment | {variable: value}, "run")

    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_debug_shows_the_traceback(environment: dict[str, str]) -> None:
    result = spotify_elt(environment | {"EXPORT": "nowhere.zip"}, "--debug", "run")

    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_a_warehouse_that_is_open_elsewhere_is_one_line(
    environment: dict[str, str], export: Path
) -> None:
    path = Path(environment["DUCKDB_PATH"])
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)):
        result = spotify_elt(environment, "run", "--export", export)

    assert result.returncode == 1
    assert "open in another program" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_summary_and_parquet_before_anything_was_built_say_what_to_do(
    environment: dict[str, str], export: Path, tmp_path: Path
) -> None:
    spotify_elt(environment, "ingest", "--export", export)

    assert "spotify-elt run" in spotify_elt(environment, "summary").stdout
    parquet = spotify_elt(environment, "parquet", "--output", tmp_path / "marts")
    assert parquet.returncode == 1
    assert "spotify-elt run" in parquet.stderr


def test_a_failing_data_test_stops_the_run_and_is_named(
    environment: dict[str, str], export: Path, tmp_path: Path
) -> None:
    project = tmp_path / "dbt_project"
    ignore = shutil.ignore_patterns("target", "logs")
    shutil.copytree(PROJECT_ROOT / "dbt_project", project, ignore=ignore)
    (project / "tests" / "no_music_on_mondays.sql").write_text(
        "select * from {{ ref('fct_plays') }} where dow = 1"
    )
    spotify_elt(environment, "ingest", "--export", export)

    result = spotify_elt(environment | {"DBT_PROJECT_DIR": str(project)}, "build")

    assert result.returncode == 1
    assert "the data test no_music_on_mondays failed" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_dbt_by_hand_finds_project_and_profile(environment: dict[str, str], export: Path) -> None:
    spotify_elt(environment, "ingest", "--export", export)
    by_hand = environment | {
        "DBT_PROJECT_DIR": "dbt_project",  # as the README has it
        "DBT_PROFILES_DIR": "profiles",
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
    }

    built = subprocess.run(
        ["dbt", "build", "--exclude-resource-type", "unit_test"],
        env=by_hand,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
    )

    assert built.returncode == 0, built.stdout
    assert "ERROR=0" in built.stdout


def test_demo_needs_nothing(environment: dict[str, str]) -> None:
    result = spotify_elt(environment, "demo")

    assert result.returncode == 0, result.stderr
    assert "demo, on the clocks of Europe/Oslo" in result.stdout
