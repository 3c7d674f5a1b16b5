"""Killed at any moment, the next run ends in the same marts as an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator import Extended, imagine, write_export
from tests.marts.conftest import Home


def start_run(home: Home, export: Path) -> subprocess.Popen[str]:
    variables = {
        "EXPORT": str(export),
        "DUCKDB_PATH": str(home.duckdb_path),
        "LISTENER_TIMEZONE": home.time_zone,
        "DBT_TARGET_PATH": str(home.folder / "target"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "ingestion", "run"],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tables_built(home: Home) -> int:
    """How far dbt has come, read from its log; 0 before it starts."""
    log = home.folder / "logs" / "dbt.log"
    return log.read_text().count("OK created") if log.exists() else 0


@pytest.mark.parametrize("tables", [1, 18, 22, 28])
def test_a_run_killed_while_dbt_builds_is_finished_by_the_next(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: int
) -> None:
    world = imagine(2_000, seed=31)
    for name, until in (("first", world.plays[1_500].ended_at.date()), ("second", None)):
        write_export(world, tmp_path / f"{name}.zip", [Extended("extended_2026", until)])
    undisturbed = Home(tmp_path / "undisturbed")
    undisturbed.ingest(tmp_path / "first.zip", tmp_path / "second.zip")
    undisturbed.build()

    home.ingest(tmp_path / "first.zip")
    home.build()
    monkeypatch.setenv("DBT_LOG_PATH", str(home.folder / "logs"))
    run = start_run(home, tmp_path / "second.zip")
    deadline = time.monotonic() + 120
    while tables_built(home) < tables and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, "the run was over before it could be killed"

    again = start_run(home, tmp_path / "second.zip")
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0, output

    assert home.marts() == undisturbed.marts()
