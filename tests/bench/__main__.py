"""`make bench`: ours beside what people do otherwise, in the same run on the same files.

Every figure is a whole process, timed from outside: start-up, imports, all of it. Peak memory is
the sum over the process and its children, sampled every 50 ms. The files are made once, in
data/bench; the first reading of them (into the page cache) is not timed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from ingestion.settings import PROJECT_ROOT
from simulator import Extended, imagine, write_export, write_listening_history

BENCH = PROJECT_ROOT / "data" / "bench"
HERE = Path(__file__).parent
MILLION = 1_000_000

READ_JSON = """
import duckdb, sys
sql = open(sys.argv[1]).read().split("create table by_hand.fct_plays")[0]
duckdb.connect(sys.argv[2]).execute(sql.format(files=sys.argv[3]))
"""

BY_HAND = """
import duckdb, sys
duckdb.connect(sys.argv[2]).execute(open(sys.argv[1]).read().format(files=sys.argv[3]))
"""

DLT_DICTS = """
import dlt, glob, json, sys
def rows():
    for path in sorted(glob.glob(sys.argv[2])):
        yield json.load(open(path))
pipeline = dlt.pipeline("bench", pipelines_dir=sys.argv[1] + ".dlt",
    destination=dlt.destinations.duckdb(sys.argv[1]), dataset_name="raw")
pipeline.run(rows(), table_name="streaming_history")
"""


@dataclass(frozen=True)
class Measured:
    """One process: seconds of wall time, megabytes of peak memory."""

    seconds: float
    megabytes: float


def measure(*command: str, **variables: str) -> Measured:
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | variables,
        cwd=BENCH,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, tree_megabytes(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        if process.returncode:
            raise SystemExit((process.stderr.read() if process.stderr else b"").decode())
    return Measured(seconds, peak)


def tree_megabytes(pid: int) -> float:
    """Resident memory of a process and all below it; 0 where /proc is not to be had."""
    try:
        with Path(f"/proc/{pid}/smaps_rollup").open() as file:
            own = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, StopIteration):
        return 0.0
    return own / 1024 + sum(tree_megabytes(int(child)) for child in children)


def ours(verb: str, database: Path, *exports: Path) -> Measured:
    return measure(
        "-m",
        "ingestion",
        verb,
        EXPORT=":".join(str(path) for path in exports),
        DUCKDB_PATH=str(database),
        LISTENER_TIMEZONE="Europe/Oslo",
        DBT_TARGET_PATH=str(BENCH / "target"),
        DBT_LOG_PATH=str(BENCH / "logs"),
        PYTHONPATH=str(PROJECT_ROOT),
    )


def make_files() -> tuple[Path, Path, Path]:
    """A million plays, the month after them, and a hundred thousand plays; made once."""
    million, month, small = BENCH / "million", BENCH / "month", BENCH / "small"
    if not (BENCH / "made").exists():
        shutil.rmtree(BENCH, ignore_errors=True)
        write_listening_history(million, plays=MILLION, end=date(2026, 1, 1))
        start = date(2026, 1, 1)
        world = imagine(3_000, seed=2, start=start, end=start + timedelta(days=31))
        write_export(world, month, [Extended("extended_2026")])
        write_listening_history(small, plays=100_000)
        (BENCH / "made").touch()
    for path in BENCH.rglob("*.json"):
        path.read_bytes()
    return million, month, small


def main() -> None:
    console = Console(highlight=False)
    console.print("Making the files (once) ...")
    million, month, small = make_files()
    databases = BENCH / "databases"
    shutil.rmtree(databases, ignore_errors=True)
    databases.mkdir()
    json_files = str(million / "**" / "*.json")
    by_hand_sql = str(HERE / "by_hand.sql")
    size = sum(path.stat().st_size for path in million.rglob("*.json")) / 1e6
    console.print(f"{MILLION:,} plays, {size:,.0f} MB of JSON, {os.cpu_count()} cores\n")

    read_json = measure("-c", READ_JSON, by_hand_sql, str(databases / "read.duckdb"), json_files)
    by_hand = measure("-c", BY_HAND, by_hand_sql, str(databases / "hand.duckdb"), json_files)
    small_files = str(small / "**" / "*.json")
    dicts = measure("-c", DLT_DICTS, str(databases / "dicts.duckdb"), small_files)

    nothing = databases / "nothing.duckdb"
    (BENCH / "nothing").mkdir(exist_ok=True)
    (BENCH / "nothing" / "Streaming_History_Audio_2020.json").write_text("[]")
    ours("ingest", nothing, BENCH / "nothing")
    ours("build", nothing)  # warms the parse
    start_up = ours("build", nothing)

    ours_db = databases / "ours.duckdb"
    ingest = ours("ingest", ours_db, million)
    build = ours("build", ours_db)
    again = ours("run", ours_db, million)
    month_ingest = ours("ingest", ours_db, million, month)
    month_build = ours("build", ours_db)
    small_run = ours("run", databases / "small.duckdb", small)
    small_ingest = ours("ingest", databases / "small_only.duckdb", small)

    table = Table("what", "seconds", "peak MB", "beside")
    rows = [
        ("1,000,000 plays: DuckDB's read_json into a table", read_json, ""),
        ("spotify-elt ingest", ingest, ratio(ingest, read_json, "read_json")),
        ("one hand-written DuckDB script, files to tables", by_hand, ""),
        ("spotify-elt build on an empty warehouse (start-up)", start_up, ""),
        (
            "spotify-elt build, with all data tests",
            build,
            beyond(build, start_up, by_hand, read_json),
        ),
        ("spotify-elt run, nothing new", again, ""),
        ("one more month: ingest", month_ingest, ratio(month_ingest, ingest, "the first")),
        ("one more month: build", month_build, ratio(month_build, build, "the first")),
        ("100,000 plays: spotify-elt run", small_run, ""),
        ("100,000 plays: spotify-elt ingest", small_ingest, ""),
        ("100,000 plays: dlt with Python dicts", dicts, ratio(dicts, small_ingest, "our ingest")),
    ]
    for what, measured, beside in rows:
        table.add_row(what, f"{measured.seconds:.1f}", f"{measured.megabytes:,.0f}", beside)
    console.print(table)
    with duckdb.connect(str(ours_db), read_only=True) as connection:
        [(plays, counted)] = connection.execute(
            "select count(*), count(*) filter (is_counted) from marts.fct_plays"
        ).fetchall()
    console.print(f"fct_plays holds {plays:,} plays, {counted:,} of them counted")


def ratio(one: Measured, other: Measured, name: str) -> str:
    return f"{one.seconds / other.seconds:.2f} x {name}"


def beyond(build: Measured, start_up: Measured, by_hand: Measured, read_json: Measured) -> str:
    work = build.seconds - start_up.seconds
    script = by_hand.seconds - read_json.seconds
    return f"{work:.1f} s beyond start-up, {work / script:.2f} x the script's {script:.1f} s"


if __name__ == "__main__":
    main()
