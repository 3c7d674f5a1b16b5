"""Killed at any moment, the next run ends in the same marts as an undisturbed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingestion.settings import PROJECT_ROOT
from simulator import Extended, imagine, write_export
from tests.marts.conftest import Home, Marts


def start_run(home: Home, export: Path) -> subprocess.Popen[str]:
    variables = {
        "EXPORT": str(export),
        "DUCKDB_PATH": str(home.duckdb_path),
        "LISTENER_TIMEZONE": home.time_zone,
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "ingestion", "run"],
        env=os.environ | variables,
        cwd=home.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tables_built(home: Home) -> int:
    """How far dbt has come, read from its log; 0 before it starts."""
    log = home.folder / "logs" / "dbt.log"
    return log.read_text().count("OK created") if log.exists() else 0


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An export, and a later one that holds it."""
    folder = tmp_path_factory.mktemp("exports")
    world = imagine(2_000, seed=31)
    write_export(
        world, folder / "first.zip", [Extended("extended_2026", world.plays[1_500].ended_at.date())]
    )
    write_export(world, folder / "second.zip", [Extended("extended_2026")])
    return folder / "first.zip", folder / "second.zip"


@pytest.fixture(scope="module")
def undisturbed(
    exports: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Marts]:
    """The warehouse after the first export, and the marts after the second."""
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    home.ingest(exports[0])
    home.build()
    after_first = home.folder / "after_first.duckdb"
    shutil.copy(home.duckdb_path, after_first)
    home.ingest(exports[1])
    home.build()
    return after_first, home.marts()


@pytest.mark.parametrize("tables", [1, 21, 28])
def test_a_run_killed_while_dbt_builds_is_finished_by_the_next(
    home: Home,
    exports: tuple[Path, Path],
    undisturbed: tuple[Path, Marts],
    monkeypatch: pytest.MonkeyPatch,
    tables: int,
) -> None:
    after_first, expected = undisturbed
    shutil.copy(after_first, home.duckdb_path)
    monkeypatch.setenv("DBT_LOG_PATH", str(home.folder / "logs"))

    run = start_run(home, exports[1])
    deadline = time.monotonic() + 120
    while tables_built(home) < tables and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, "the run was over before it could be killed"

    again = start_run(home, exports[1])
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0, output
    assert home.marts() == expected
