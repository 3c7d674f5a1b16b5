"""`make bench`: ours beside what people do otherwise, in the same run on the same files.

Every figure is a whole process, timed from outside: start-up, imports, all of it. Peak memory is
the sum over the process and its children, sampled every 50 ms. The files are made once, in
data/bench; the first reading of them (into the page cache) is not timed.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from tests.bench.files import DATABASES, MILLION, database, make_files
from tests.bench.measuring import BENCH, Measured, measure, ours, spotify
from tests.bench.pages import seconds_by_page
from tests.warehouses.server import run_server, server_programs

HERE = Path(__file__).parent

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


#: Whose account Spotify has: of the month that follows a million plays, or one whose plays name
#: some 10,000 tracks.
MONTH = """
from datetime import date, timedelta
from simulator import imagine
world = imagine(3_000, seed=2, start=date(2026, 1, 1), end=date(2026, 2, 1))
now = world.plays[-1].ended_at + timedelta(hours=1)
"""
PLAYED = """
from datetime import timedelta
from simulator import imagine
world = imagine(75_000, seed=7, artists=1_100)
now = world.plays[-1].ended_at + timedelta(hours=1)
"""


#: What spotipy and requests cost by themselves: so many tracks of the catalogue, one by one.
SPOTIPY_ALONE = """
import os, sys, duckdb, spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyOAuth
manager = SpotifyOAuth(redirect_uri="http://127.0.0.1/", cache_handler=MemoryCacheHandler(),
    client_id=os.environ["SPOTIFY_CLIENT_ID"], client_secret=os.environ["SPOTIFY_CLIENT_SECRET"])
manager.OAUTH_TOKEN_URL = os.environ["SPOTIFY_ACCOUNTS_URL"] + "/api/token"
token = manager.refresh_access_token(os.environ["SPOTIFY_REFRESH_TOKEN"])["access_token"]
spotify = spotipy.Spotify(auth=token)
spotify.prefix = os.environ["SPOTIFY_API_URL"] + "/"
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    rows = connection.execute("select distinct id from spotify_api.tracks limit 5000").fetchall()
for (track,) in rows[:int(sys.argv[2])]:
    spotify.track(track)
"""
ALONE = 5_000


#: What COPY takes by itself: the same rows from CSV files that lie ready.
BARE_COPY = """
import pathlib, sys, psycopg2
with psycopg2.connect(sys.argv[1]) as connection, connection.cursor() as cursor:
    for path in sorted(pathlib.Path(sys.argv[2]).glob("*.csv")):
        cursor.execute(f"create table {path.stem} (like marts.{path.stem})")
        with path.open("rb") as file:
            cursor.copy_expert(f"copy {path.stem} from stdin (format csv)", file, size=1 << 20)
"""


def fifty_plays_more(database: Path, *exports: Path) -> Measured:
    """Run: find the exports unchanged, ask for the 50 plays there are, build what follows."""
    with spotify(MONTH, "development") as account:
        return ours("run", database, *exports, **account, MAX_CALLS="2")  # who it is, and the plays


@dataclass(frozen=True)
class Enriched:
    """A catalogue filled from the Web API: what it cost, what it holds, a poll after it.

    Attributes:
        bare_milliseconds: processor time of one call by spotipy alone, to the same server.
    """

    collect: Measured
    objects: int
    calls: int
    tracks: int
    calls_for_tracks: int
    idle_poll: Measured
    bare_milliseconds: float

    @property
    def cost(self) -> str:
        """What an object costs, and how much of it is the collector's own."""
        whole = self.collect.cpu_seconds * 1000 / self.objects
        bare = self.bare_milliseconds * self.calls / self.objects
        return (
            f"{whole:.2f} ms of processor for each of {self.objects:,} objects in"
            f" {self.calls:,} calls; {bare:.2f} ms by spotipy alone, {whole - bare:.2f} ms beyond"
        )


def enrich(contract: str, database: Path, export: Path) -> Enriched:
    """Look up all that an export names, unpaced, then poll once more and find nothing."""
    ours("ingest", database, export)
    with spotify(PLAYED, contract) as account:
        variables = account | {"MAX_CALLS": "1000000", "MAX_CALLS_PER_DAY": "10000000"}
        collect = ours("collect", database, **variables)
        idle_poll = ours("collect", database, **variables)
        nothing, alone = (
            measure("-c", SPOTIPY_ALONE, str(database), str(count), **variables)
            for count in (0, ALONE)
        )
    kinds = ("tracks", "albums", "artists", "episodes", "shows", "track_audio_features")
    with duckdb.connect(str(database), read_only=True) as connection:
        counts = {
            kind: connection.execute(f"select count(*) from spotify_api.{kind}").fetchall()[0][0]
            for kind in kinds
        }
        [(calls, calls_for_tracks)] = connection.execute(
            "select sum(calls),"
            " sum(calls) filter (where name in ('tracks', 'several_tracks'))"
            " from spotify_api.collection_runs__resources"
        ).fetchall()
    return Enriched(
        collect=collect,
        objects=sum(counts.values()),
        calls=calls,
        tracks=counts["tracks"],
        calls_for_tracks=calls_for_tracks,
        idle_poll=idle_poll,
        bare_milliseconds=(alone.cpu_seconds - nothing.cpu_seconds) * 1000 / ALONE,
    )


def publish(database: Path) -> tuple[Measured, Measured]:
    """Publish all marts to a fresh server; then let it COPY the same rows from CSV files."""
    import psycopg2

    files = BENCH / "copies"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    with run_server() as server:
        url = f"{server}/postgres"
        # which needs packages of its own
        published = ours("publish postgres", database, python=sys.executable, POSTGRES_URL=url)
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("select tablename from pg_tables where schemaname = 'marts'")
            for (mart,) in cursor.fetchall():
                with (files / f"{mart}.csv").open("wb") as file:
                    cursor.copy_expert(f"copy marts.{mart} to stdout (format csv)", file)
        copied = measure("-c", BARE_COPY, url, str(files), python=sys.executable)
    shutil.rmtree(files)
    return published, copied


def main() -> None:
    console = Console(highlight=False)
    console.print("Making the files (once) ...")
    million, month, small, played = make_files()
    shutil.rmtree(DATABASES, ignore_errors=True)
    DATABASES.mkdir()
    json_files = str(million / "**" / "*.json")
    by_hand_sql = str(HERE / "by_hand.sql")
    size = sum(path.stat().st_size for path in million.rglob("*.json")) / 1e6
    console.print(f"{MILLION:,} plays, {size:,.0f} MB of JSON, {os.cpu_count()} cores\n")

    read_json = measure("-c", READ_JSON, by_hand_sql, str(DATABASES / "read.duckdb"), json_files)
    by_hand = measure("-c", BY_HAND, by_hand_sql, str(DATABASES / "hand.duckdb"), json_files)
    small_files = str(small / "**" / "*.json")
    dicts = measure("-c", DLT_DICTS, str(DATABASES / "dicts.duckdb"), small_files)

    nothing = BENCH / "nothing"
    nothing.mkdir(exist_ok=True)
    (nothing / "Streaming_History_Audio_2020.json").write_text("[]")
    for name in ("parsing", "nothing"):  # the first warms the parse
        ours("ingest", database(name), nothing)
        start_up = ours("build", database(name))

    ours_db = database("ours")
    ingest = ours("ingest", ours_db, million)
    build = ours("build", ours_db)
    nothing_new = ours("ingest", ours_db, million)
    again = ours("run", ours_db, million)
    month_ingest = ours("ingest", ours_db, million, month)
    month_build = ours("build", ours_db)
    small_run = ours("run", database("small"), small)
    small_ingest = ours("ingest", database("small_only"), small)
    polled = fifty_plays_more(ours_db, million, month)
    small_polled = fifty_plays_more(database("small"), small)

    single = enrich("development", database("single"), played)
    batch = enrich("extended", database("batch"), played)

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
        ("spotify-elt ingest, nothing new", nothing_new, ratio(nothing_new, ingest, "the first")),
        ("spotify-elt run, nothing new", again, ""),
        ("one more month: ingest", month_ingest, ratio(month_ingest, ingest, "the first")),
        ("one more month: build", month_build, ratio(month_build, build, "the first")),
        (
            "50 polled plays: run",
            polled,
            f"{ratio(polled, build, 'the first build')},"
            f" {ratio(polled, small_polled, 'that at 100,000 plays')}",
        ),
        ("100,000 plays: spotify-elt run, environment warm", small_run, ""),
        ("100,000 plays: spotify-elt ingest", small_ingest, ""),
        ("100,000 plays: dlt with Python dicts", dicts, ratio(dicts, small_ingest, "our ingest")),
    ]
    if server_programs():
        published, copied = publish(ours_db)
        share = f"{copied.seconds / published.seconds:.2f} of that COPY's speed"
        rows.append(("Postgres: COPY of all marts from CSV files", copied, ""))
        rows.append(("spotify-elt publish postgres", published, share))
    for mode, enriched in (("one by one", single), ("in batches", batch)):
        what = f"{enriched.tracks:,} tracks and theirs looked up {mode}"
        rows.append((what, enriched.collect, enriched.cost))
        beside = f"{enriched.calls_for_tracks:,} calls for the tracks"
        rows.append((f"... and a poll that finds nothing ({mode})", enriched.idle_poll, beside))
    for what, measured, beside in rows:
        table.add_row(what, f"{measured.seconds:.1f}", f"{measured.megabytes:,.0f}", beside)
    console.print(table)
    pages = seconds_by_page(ours_db)
    if pages:
        slowest = max(pages, key=lambda name: pages[name])
        console.print(
            f"dashboard: {len(pages)} pages, each seen before, in Chromium; the slowest,"
            f" {slowest}, took {pages[slowest]:.2f} s"
        )
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
