"""The files that are measured with, made once in data/bench, and where the databases go."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

from simulator import Extended, imagine, write_export, write_listening_history
from tests.bench.measuring import BENCH

DATABASES = BENCH / "databases"
MILLION = 1_000_000


def database(name: str) -> Path:
    """One of ours: in a folder of its own, so that all are called the same."""
    return DATABASES / name / "home.duckdb"


def make_files() -> tuple[Path, Path, Path, Path]:
    """A million plays, the month after them, a hundred thousand, and those that PLAYED knows."""
    million, month, small, played = (BENCH / n for n in ("million", "month", "small", "played"))
    if not (BENCH / "made").exists():
        for folder in (million, month, small, played):
            shutil.rmtree(folder, ignore_errors=True)
        write_listening_history(million, plays=MILLION, end=date(2026, 1, 1))
        start = date(2026, 1, 1)
        world = imagine(3_000, seed=2, start=start, end=start + timedelta(days=31))
        write_export(world, month, [Extended("extended_2026")])
        write_listening_history(small, plays=100_000)
        write_export(imagine(75_000, seed=7, artists=1_100), played, [Extended("extended_2026")])
        (BENCH / "made").touch()
    for folder in (million, month, small, played):
        for path in folder.rglob("*.json"):
            path.read_bytes()
    return million, month, small, played
