"""A warehouse to fill and ask: real files, real dlt, real dbt, in a folder of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import PROJECT_ROOT, load_settings
from ingestion.spotify_api.collecting import Collector
from ingestion.spotify_export.importing import ImportReport, import_exports
from ingestion.transform import BuildReport, build_models
from simulator.web_api import Service
from tests.conftest import without_data_tests
from tests.spotify_api.conftest import SharedClock

#: When something was loaded is no property of a play: rows are compared without it.
LINEAGE = {"loaded_at"}

#: What a warehouse has cost is no property of what is in it.
OF_THE_WAREHOUSE = "mon_warehouse_costs"

#: Lives that tests with dice try, each by its seed: `WORLDS=20 make test` tries more than one.
WORLDS = range(31, 31 + int(os.environ.get("WORLDS", "1")))

Marts = dict[str, list[tuple[Any, ...]]]
"""Every mart, every column but the lineage, every row, in an order of its own."""


@dataclass
class Home:
    """One person's data folder and warehouse."""

    folder: Path
    time_zone: str = "Europe/Oslo"

    @property
    def duckdb_path(self) -> Path:
        return self.folder / "home.duckdb"

    def ingest(self, *exports: Path, listener: str = "me") -> ImportReport:
        settings = load_settings(
            export=list(exports),
            listener=listener,
            listener_timezone=self.time_zone,
            duckdb_path=self.duckdb_path,
        )
        report = import_exports(settings)
        ensure_raw_tables(settings)
        return report

    def poll(
        self,
        service: Service,
        *,
        until: datetime,
        max_calls: int = 1_000,
        playlist_limit: int | None = 0,
        patience: timedelta = timedelta(days=10_000),
        listener: str = "me",
    ) -> None:
        """Ask a simulated Spotify every 16 hours until its clock stands at `until`.

        What it tells is loaded at the end, and whenever some of it has waited for `patience`.
        """
        settings = load_settings(
            duckdb_path=self.duckdb_path,
            listener=listener,
            listener_timezone=self.time_zone,
            spotify_tokens=self.folder / "tokens.json",
            **service.settings_of(),
            max_calls_per_day=100_000,
            max_calls=max_calls,
            playlist_limit=playlist_limit,
            top_limit=0,
            ask_lists_every_hours=1_000_000,
        )
        ensure_raw_tables(settings, [listener])
        collector = Collector(settings, listener, clock=SharedClock(service), patience=patience)
        while service.clock.now < until:
            outcome = collector.poll()
            assert outcome.outcome in {"complete", "budget_spent"}, outcome.message
            service.clock.now = min(until, service.clock.now + timedelta(hours=16))
        collector.poll()
        collector.close()

    def build(
        self, *, full_refresh: bool = False, only_new: bool = True, tested: bool = True
    ) -> BuildReport:
        """As a run builds, from its folder, where the path is the same text in all homes.

        In the middle of a story that ends with a tested build it may go untested, which is sooner.
        """
        with chdir(self.folder), nullcontext() if tested else without_data_tests():
            settings = load_settings(duckdb_path=self.duckdb_path)
            return build_models(settings, full_refresh=full_refresh, only_new=only_new)

    def start(self, verb: str, **variables: str) -> subprocess.Popen[str]:
        """A verb in a process of its own, which logs to this home's folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "ingestion", verb],
            env=os.environ
            | {
                "DUCKDB_PATH": str(self.duckdb_path),
                "LISTENER_TIMEZONE": self.time_zone,
                "DBT_LOG_PATH": str(self.folder / "logs"),
                "DBT_LOG_LEVEL_FILE": "info",
                "PYTHONPATH": str(PROJECT_ROOT),
            }
            | variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill(self, process: subprocess.Popen[str], *, after_tables: int) -> None:
        """SIGKILL, once dbt has built so many tables and views since now."""
        before, deadline = self._tables_built(), time.monotonic() + 300
        while process.poll() is None and time.monotonic() < deadline:
            if self._tables_built() - before >= after_tables:
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"

    def _tables_built(self) -> int:
        """How far dbt has come, read from its log; 0 before it starts."""
        log = self.folder / "logs" / "dbt.log"
        return log.read_text().count("OK created") if log.exists() else 0

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            return connection.execute(sql, parameters).fetchall()

    def marts(self, *, leaving_out: Collection[str] = LINEAGE) -> Marts:
        """Every mart, every column but the lineage, every row, in an order of its own."""
        marts = {}
        with self._connection() as connection:
            names = connection.execute(
                "select table_name, list(column_name order by ordinal_position)"
                " from information_schema.columns"
                " where table_schema = 'marts' and table_name != ? group by all",
                [OF_THE_WAREHOUSE],
            ).fetchall()
            for table, columns in names:
                kept = ", ".join(column for column in columns if column not in leaving_out)
                rows = connection.execute(f"select {kept} from marts.{table} order by all")
                marts[table] = rows.fetchall()
        return marts

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(self.duckdb_path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def own_project(dbt_project_copy: Path) -> None:
    """Whatever is built here is built from the copy."""


@pytest.fixture
def seeds(dbt_project_copy: Path) -> Iterator[Path]:
    """The folder of the seeds, to be edited; as it was afterwards."""
    with edited_seeds(dbt_project_copy) as folder:
        yield folder


@contextmanager
def edited_seeds(project: Path) -> Iterator[Path]:
    """The folder of a project's seeds, to be edited; as it was afterwards."""
    folder = project / "seeds"
    before = {path: path.read_text() for path in folder.glob("*.csv")}
    try:
        yield folder
    finally:
        for path, text in before.items():
            path.write_text(text)
