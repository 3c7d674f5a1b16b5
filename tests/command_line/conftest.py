"""What commands are run on, and how: a process, in a folder without anything of the developer's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.settings import PROJECT_ROOT
from simulator import Account, Extended, imagine, write_export

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing of the developer's own: no .env, no data."""
    base = tmp_path_factory.getbasetemp()
    own = {"EXPORT", "LISTENER", "LISTENER_TIMEZONE", "KEEP_PRIVATE_FIELDS"}
    return {name: value for name, value in os.environ.items() if name not in own} | {
        "DUCKDB_PATH": str(tmp_path / "data" / "spotify.duckdb"),
        "LISTENER_TIMEZONE": "Europe/Oslo",
        "DBT_PROJECT_DIR": str(PROJECT_ROOT / "dbt_project"),
        "DBT_PROFILES_DIR": str(PROJECT_ROOT / "profiles"),
        "DBT_TARGET_PATH": str(base / "target"),
        "DBT_LOG_PATH": str(base / "logs"),
        "PYTHONPATH": str(PROJECT_ROOT),
        "COLUMNS": "100",
    }


@pytest.fixture
def spotify_elt(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a verb in a folder of the test's own; keywords are variables."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ingestion", *map(str, arguments)],
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=180,
        )

    return run


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exports") / "my_spotify_data.zip"
    world = imagine(1_500, seed=8)
    end = world.plays[-1].ended_at.date()
    write_export(world, path, [Extended("extended_2026"), Account(end)])
    return path
