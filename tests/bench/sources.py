"""`make bench-sources`: 1,000,000 plays of all sources beside a hand-written script; then 50 more.

One listener's extended history and account data, a year of polls and the whole catalogue, by the
simulated Spotify. What is loaded is made once, in data/bench, which takes some minutes.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import load_settings
from ingestion.spotify_api.collecting import Collector
from simulator import Account, Extended, World, imagine, write_export
from simulator.web_api import serve
from tests.bench.measuring import BENCH, Measured, measure, ours, spotify
from tests.spotify_api.conftest import SharedClock

FOLDER = BENCH / "sources"
HERE = Path(__file__).parent

#: Exports and polls end here; what is heard after it is what one more poll finds.
END = date(2026, 1, 1)
FIRST_POLL = datetime(2025, 1, 1, tzinfo=UTC)
POLLED_EVERY = timedelta(hours=4)

#: The plays of all sources, and what by_hand.sql makes of plays.
RUN_BY_HAND = """
import duckdb, pathlib, sys
folder = pathlib.Path(sys.argv[1])
plays = (folder / "by_hand_sources.sql").read_text()
_, _, marts = (folder / "by_hand.sql").read_text().partition("create table by_hand.dim_tracks")
with duckdb.connect(sys.argv[2]) as connection:
    connection.execute(f"attach '{sys.argv[3]}' as raw (read_only)")
    connection.execute(plays)
    connection.execute("create table by_hand.dim_tracks" + marts.format())
"""

#: The same listener's account, at the end of the day after the last export.
NEXT_DAY = """
from datetime import UTC, datetime
from tests.bench.sources import world_of
world = world_of({plays})
now = datetime(2026, 1, 2, tzinfo=UTC)
"""


def world_of(plays: int) -> World:
    """So many plays of sixteen years, and of a month that no export holds."""
    return imagine(plays, seed=7, start=date(2010, 1, 1), end=date(2026, 2, 1))


def raw_tables(plays: int) -> Path:
    """A database that holds what all sources say of so many plays; made once."""
    raw = FOLDER / f"raw_{plays}" / "home.duckdb"
    if raw.exists():
        return raw
    world, half_done = world_of(plays), FOLDER / "half" / raw.name
    shutil.rmtree(half_done.parent, ignore_errors=True)
    half_done.parent.mkdir(parents=True)
    exports = FOLDER / f"exports_{plays}"
    shutil.rmtree(exports, ignore_errors=True)
    write_export(world, exports / "extended", [Extended("extended_2026", END)])
    write_export(world, exports / "account", [Account(END)])
    ours("ingest", half_done, exports)
    with serve(world, now=FIRST_POLL, contract="extended") as service, Progress() as progress:
        settings = load_settings(
            duckdb_path=half_done,
            listener="me",
            listener_timezone="Europe/Oslo",
            spotify_tokens=Path(tempfile.gettempdir()) / "no-such-tokens.json",
            **service.settings_of(),
            max_calls=100_000,
            max_calls_per_day=10_000_000,
            ask_lists_every_hours=24 * 30,
        )
        ensure_raw_tables(settings, ["me"])
        clock = SharedClock(service)
        collector = Collector(settings, "me", clock=clock, patience=timedelta(days=60))
        end = datetime.combine(END, datetime.min.time(), UTC)
        polls = progress.add_task("Polling a year (once)", total=(end - FIRST_POLL) / POLLED_EVERY)
        while service.clock.now < end:
            collector.poll()
            service.clock.now += POLLED_EVERY
            progress.advance(polls)
        collector.close()
    raw.parent.mkdir(parents=True, exist_ok=True)
    half_done.rename(raw)
    return raw


def built(plays: int) -> tuple[Path, Measured, Measured]:
    """The database, a build of all of it, and the build after a poll that found 50 plays."""
    database = FOLDER / f"ours_{plays}" / "home.duckdb"
    shutil.rmtree(database.parent, ignore_errors=True)
    database.parent.mkdir(parents=True)
    shutil.copy(raw_tables(plays), database)
    whole = ours("build", database)
    with spotify(NEXT_DAY.format(plays=plays), "extended") as account:
        ours("collect", database, **account, MAX_CALLS="2")  # who it is, and the plays
    return database, whole, ours("build", database)


def main() -> None:
    console = Console(highlight=False)
    raw_tables(100_000)
    raw = raw_tables(1_000_000)
    ours("ingest", FOLDER / "parsing" / "home.duckdb", BENCH / "nothing")
    ours("build", FOLDER / "parsing" / "home.duckdb")  # warms the parse
    _, _, small = built(100_000)
    database, whole, increment = built(1_000_000)
    table = Table("what", "seconds", "peak MB", "beside")
    hand = FOLDER / "hand.duckdb"
    hand.unlink(missing_ok=True)
    script = measure("-c", RUN_BY_HAND, str(HERE), str(hand), str(raw))
    rows = [
        ("one hand-written DuckDB script, raw tables to marts", script, ""),
        (
            "spotify-elt build, with all data tests",
            whole,
            f"{whole.seconds / script.seconds:.2f} x the script",
        ),
        (
            "50 polled plays: build",
            increment,
            f"{increment.seconds / whole.seconds:.2f} x the whole,"
            f" {increment.seconds / small.seconds:.2f} x that at 100,000 plays",
        ),
    ]
    for what, measured, of in rows:
        table.add_row(what, f"{measured.seconds:.1f}", f"{measured.megabytes:,.0f}", of)
    console.print(table)
    with duckdb.connect(str(database), read_only=True) as connection:
        [counts] = connection.execute(
            "select count(*), count(*) filter (in_extended_export), count(*) filter"
            " (in_account_export), count(*) filter (in_api) from marts.fct_plays"
        ).fetchall()
    console.print(
        "fct_plays holds {:,} plays: {:,} of the extended history, {:,} of account data,"
        " {:,} of the API".format(*counts)
    )


if __name__ == "__main__":
    main()
