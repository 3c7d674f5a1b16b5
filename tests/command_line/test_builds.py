"""What a build says of what went wrong, dbt typed by hand, and the demo: real runs of dbt."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import PROJECT_ROOT
from tests.command_line.conftest import Run


@pytest.fixture(autouse=True)
def parsed(environment: dict[str, str], parsed_project: Path, tmp_path: Path) -> None:
    """What dbt parsed before lies where it looks for it."""
    environment["DUCKDB_PATH"] = str(tmp_path / "home.duckdb")
    environment["DBT_TARGET_PATH"] = str(tmp_path / "target")
    shutil.copytree(parsed_project / "target", tmp_path / "target")


def test_run_says_what_it_found_and_a_second_run_that_nothing_is_new(
    spotify_elt: Run, environment: dict[str, str], export: Path, tmp_path: Path
) -> None:
    first = spotify_elt("run", "--export", export)

    assert first.returncode == 0, first.stderr
    assert "me, on the clocks of Europe/Oslo" in first.stdout
    assert "of 1,5" in first.stdout
    assert "plays" in first.stdout
    assert "Top artists" in first.stdout
    assert "left alone (Identifiers" in first.stdout or "left alone (Identity" in first.stdout
    assert "home.duckdb" in first.stdout
    assert "\x1b" not in first.stdout + first.stderr, "colours in a pipe"
    assert "Building" not in first.stderr, "progress in a pipe"

    second = spotify_elt("run", "--export", export)
    assert second.returncode == 0
    assert "nothing new" in second.stdout
    assert "Built    nothing: no raw table has changed" in second.stdout

    again = spotify_elt("summary")
    assert again.returncode == 0
    assert again.stdout.split("me, on the clocks")[1] == second.stdout.split("me, on the clocks")[1]

    folder = tmp_path / "marts"
    for _ in range(2):  # the second replaces the first
        written = spotify_elt("parquet", "--output", folder)
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
    spotify_elt: Run, export: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(export) as good, zipfile.ZipFile(broken, "w") as bad:
        names = [name for name in good.namelist() if "Audio" in name]
        rows = json.loads(good.read(names[0]))
        rows[3]["ms_played"] = "a while"
        bad.writestr(names[0], json.dumps(rows))
        bad.writestr(names[1], good.read(names[1])[:-200])

    result = spotify_elt("run", "--export", broken)

    assert result.returncode == 1
    assert "Set aside 2" in result.stdout
    assert Path(names[1]).name in result.stdout
    assert "row 4" in result.stdout
    assert "me, on the clocks of" in result.stdout, "the rest did not go in"
    assert "Traceback" not in result.stdout + result.stderr


def test_a_failing_data_test_stops_the_run_and_shows_its_rows_an_odd_one_only_shows_them(
    spotify_elt: Run,
    environment: dict[str, str],
    export: Path,
    parsed_project: Path,
    tmp_path: Path,
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(parsed_project, project)
    (project / "tests" / "no_music_on_mondays.sql").write_text(
        "select * from {{ ref('fct_plays') }} where dow = 1"
    )
    spotify_elt("ingest", "--export", export)

    result = spotify_elt("build", DBT_PROJECT_DIR=str(project))

    assert result.returncode == 1
    assert "the data test no_music_on_mondays failed" in result.stderr
    assert "its rows are in findings.no_music_on_mondays" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert _days_found(environment) == {1}

    (project / "tests" / "no_music_on_mondays.sql").write_text(
        "{{ config(severity='warn') }} select * from {{ ref('fct_plays') }} where dow = 2"
    )
    again = spotify_elt("build", DBT_PROJECT_DIR=str(project))

    assert again.returncode == 0, again.stderr
    assert "against no_music_on_mondays: see findings.no_music_on_mondays" in again.stdout
    assert _days_found(environment) == {2}


def _days_found(environment: dict[str, str]) -> set[int]:
    with duckdb.connect(environment["DUCKDB_PATH"], read_only=True) as connection:
        rows = connection.execute("select distinct dow from findings.no_music_on_mondays")
        return {dow for (dow,) in rows.fetchall()}


def test_dbt_by_hand_finds_project_and_profile(
    spotify_elt: Run, environment: dict[str, str], export: Path
) -> None:
    spotify_elt("ingest", "--export", export)
    by_hand = environment | {
        "DBT_PROJECT_DIR": "dbt_project",  # as the README has it
        "DBT_PROFILES_DIR": "profiles",
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
    }

    built = subprocess.run(
        ["dbt", "build", "--select", "staging", "--indirect-selection", "cautious"],
        env=by_hand,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
    )

    assert built.returncode == 0, built.stdout
    assert "ERROR=0" in built.stdout


def test_demo_needs_nothing(spotify_elt: Run) -> None:
    result = spotify_elt("demo")

    assert result.returncode == 0, result.stderr
    assert "demo, on the clocks of Europe/Oslo" in result.stdout
