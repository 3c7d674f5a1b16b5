"""`make bench-listeners`: 10,000,000 plays of 100 listeners, then a month more of one of them.

The listeners live ten different lives, ten of them each. Files and raw tables are made once, in
data/bench, which takes some minutes.
"""

from __future__ import annotations

import os
import shutil
from datetime import date

import duckdb
from rich.console import Console
from rich.progress import track
from rich.table import Table

from simulator import Extended, imagine, write_export, write_listening_history
from tests.bench.measuring import BENCH, ours

LISTENERS = 100
LIVES = 10
PLAYS_EACH = 100_000
END = date(2026, 1, 1)

FOLDER = BENCH / "listeners"
MONTH = FOLDER / "month"
RAW = FOLDER / "raw" / "home.duckdb"


def make_raw_tables() -> None:
    """Write the files of ten lives, and load each for ten listeners."""
    lives = [FOLDER / f"life_{life}" for life in range(LIVES)]
    for seed, life in enumerate(track(lives, "Making files (once)")):
        write_listening_history(life, plays=PLAYS_EACH, seed=seed, start=date(2014, 1, 1), end=END)
    write_export(
        imagine(3_000, seed=0, start=END, end=date(2026, 2, 1)), MONTH, [Extended("extended_2026")]
    )
    half_done = FOLDER / "half" / RAW.name
    half_done.unlink(missing_ok=True)
    for listener in track(range(LISTENERS), "Loading them (once)"):
        ours("ingest", half_done, lives[listener % LIVES], LISTENER=f"listener_{listener}")
    RAW.parent.mkdir()
    half_done.rename(RAW)


def main() -> None:
    console = Console(highlight=False)
    if not RAW.exists():
        make_raw_tables()
    database = FOLDER / "ours" / RAW.name
    database.parent.mkdir(exist_ok=True)
    shutil.copy(RAW, database)
    build = ours("build", database)
    ours("ingest", database, MONTH, LISTENER="listener_0")
    month_build = ours("build", database)
    nothing_new = ours("run", database, MONTH, LISTENER="listener_0")

    table = Table("what", "seconds", "peak MB")
    for what, measured in (
        ("spotify-elt build, from nothing, with all data tests", build),
        ("one more month of one listener: build", month_build),
        ("spotify-elt run, nothing new", nothing_new),
    ):
        table.add_row(what, f"{measured.seconds:.1f}", f"{measured.megabytes:,.0f}")
    with duckdb.connect(str(database), read_only=True) as connection:
        [(plays, listeners)] = connection.execute(
            "select count(*), count(distinct listener) from marts.fct_plays"
        ).fetchall()
    console.print(f"{plays:,} plays of {listeners} listeners, {os.cpu_count()} cores")
    console.print(table)
    database.unlink()


if __name__ == "__main__":
    main()
