"""One world in several warehouses, and how to tell that their marts are the same.

Exports of several eras that overlap, two more listeners with anonymous real exports, polled plays
and lists, loaded and built in two steps, so that increments are compared as well.
"""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, chdir, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from ingestion.findings import Finding, keep_findings, standing_findings
from ingestion.forget import forget
from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import Settings, load_settings
from ingestion.spotify_api.collecting import Collector
from ingestion.spotify_api.state import memory_of
from ingestion.spotify_export.importing import import_exports
from ingestion.transform import build_models
from ingestion.warehouse import Row, open_warehouse
from simulator import Account, Extended, World, imagine, write_export
from simulator.web_api import Service, serve
from tests.conftest import untraced, without_data_tests
from tests.spotify_api.conftest import SharedClock

REAL_EXPORTS = Path(__file__).parents[3] / "shared" / "real_exports"

#: When something was loaded, and by which run, is no property of what was loaded.
LINEAGE = {"loaded_at", "run_id"}

#: How often a reader looks while a build goes on, in seconds: each look is billed on BigQuery.
READER_ASKS_EVERY = 0.1

#: It tells of the warehouse itself, which is another on each side: only its columns are compared.
OF_THE_WAREHOUSE = "mon_warehouse_costs"


@dataclass(frozen=True)
class Mart:
    """A mart as a warehouse holds it: types by column, and rows in any order."""

    types: dict[str, str]
    rows: list[Row]


Marts = dict[str, Mart]


@dataclass
class Side:
    """One of the warehouses that are compared, with what it needs for itself."""

    settings: Settings
    service: Service
    folder: Path

    @property
    def target(self) -> Path:
        """Of dbt, one for each side: it keeps the parse for one kind of warehouse."""
        return self.folder / "target"

    def load(self, *exports: Path, listener: str) -> None:
        import_exports(
            self.settings.model_copy(update={"export": list(exports), "listener": listener})
        )

    def poll(self, *, until: datetime) -> None:
        """Ask every twelve hours until Spotify's clock stands at `until`."""
        clock = self.service.clock
        ensure_raw_tables(self.settings, ["me"])
        collector = Collector(
            self.settings, "me", clock=SharedClock(self.service), patience=timedelta(days=10)
        )
        while clock.now < until:
            outcome = collector.poll()
            assert outcome.outcome in {"complete", "budget_spent"}, outcome.message
            clock.now = min(until, clock.now + timedelta(hours=12))
        collector.close()

    def build(self) -> Marts:
        """Build as a run does, test, and read every mart; DuckDB's are tested by other tests."""
        tested = self.settings.warehouse != "duckdb"
        with pytest.MonkeyPatch.context() as environment, chdir(self.folder):
            environment.setenv("DBT_TARGET_PATH", str(self.target))
            with nullcontext() if tested else without_data_tests():
                build_models(self.settings, only_new=True)
        return self.marts()

    @untraced()
    def marts(self) -> Marts:
        with open_warehouse(self.settings, read_only=True) as warehouse:
            marts: Marts = {}
            for mart, types in warehouse.column_types("marts").items():
                columns = sorted(types.keys() - LINEAGE)
                rows = warehouse.query(f"select {', '.join(columns)} from marts.{mart}")
                marts[mart] = Mart({name: types[name] for name in columns}, rows)
            return marts


def _order(row: Row) -> tuple[tuple[bool, str], ...]:
    """Floats by what they agree in, so that equal rows stand at equal places."""
    return tuple(
        (value is None, f"{value:.6g}" if isinstance(value, float) else str(value)) for value in row
    )


@untraced()
def differences(held: Marts, expected: Marts) -> dict[str, Any]:
    """By mart, what is not the same: types, the number of rows, or the first rows that differ."""
    found: dict[str, Any] = {}
    for mart in held.keys() | expected.keys():
        ours, theirs = held.get(mart), expected.get(mart)
        if ours is None or theirs is None:
            found[mart] = "is on one side alone"
        elif ours.types != theirs.types:
            found[mart] = set(ours.types.items()) ^ set(theirs.types.items())
        elif mart == OF_THE_WAREHOUSE:
            continue
        elif len(ours.rows) != len(theirs.rows):
            found[mart] = f"{len(ours.rows)} rows, not {len(theirs.rows)}"
        elif Counter(ours.rows) != Counter(theirs.rows):  # to sort them takes long
            pairs = zip(*(sorted(mart.rows, key=_order) for mart in (ours, theirs)), strict=True)
            unlike = [pair for pair in pairs if not all(map(_is_same, *pair))]
            if unlike:
                found[mart] = (f"{len(unlike)} of {len(ours.rows)} rows", *unlike[:2])
    return found


def _is_same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return ours == theirs


def imagined() -> World:
    return imagine(2_000, seed=41, start=date(2025, 6, 1), end=date(2025, 10, 1))


MOVED_ABROAD = (
    "listener,time_zone,valid_from\n"
    "me,Europe/Oslo,2010-01-01 00:00:00\nme,Australia/Lord_Howe,2025-08-15 00:00:00\n"
)
"""A seed, that of the listeners' time zones."""


@contextmanager
def side_of(
    world: World, folder: Path, parsed_project: Path, warehouse: str, **settings: object
) -> Iterator[Side]:
    """A warehouse with a Spotify of its own, whose clock stands at the same time for each."""
    shutil.copytree(parsed_project / "target", folder / "target")
    with ExitStack() as stack:
        with untraced():
            spotify = serve(world, now=_moment(world, 0.7), contract="extended")
            service = stack.enter_context(spotify)
        loaded = load_settings(
            warehouse=warehouse,
            duckdb_path=folder / "home.duckdb",
            listener_timezone="Europe/Oslo",
            spotify_tokens=folder / "tokens.json",
            **service.settings_of(),
            max_calls=1_000,
            max_calls_per_day=100_000,
            **{"raw_retention_days": None if warehouse == "duckdb" else 30, **settings},
        )
        yield Side(loaded, service, folder)


def _moment(world: World, share: float) -> datetime:
    """Just after this share of the plays was over."""
    return world.plays[int(share * (len(world.plays) - 1))].ended_at + timedelta(minutes=1)


def write_exports(world: World, folder: Path) -> None:
    """The exports that the sides load."""
    parts = {
        "endsong": Extended("endsong", _moment(world, 0.3).date()),
        "account": Account(_moment(world, 0.6).date()),
        "extended": Extended("extended_2026", _moment(world, 0.72).date()),
    }
    for name, part in parts.items():
        write_export(world, folder / f"{name}.zip", [part])


def build_first(side: Side, world: World, exports: Path) -> Marts:
    """Load a part of the world and build."""
    side.load(exports / "endsong.zip", exports / "account.zip", listener="me")
    for export in sorted(REAL_EXPORTS.glob("*.zip"))[:1]:
        side.load(export, listener=export.stem)
    side.poll(until=_moment(world, 0.71))
    return side.build()


def build_increment(side: Side, world: World, exports: Path) -> Marts:
    """Load the rest and build what is new."""
    side.load(exports / "extended.zip", listener="me")
    for export in sorted(REAL_EXPORTS.glob("*.zip"))[1:]:
        side.load(export, listener=export.stem)
    side.poll(until=_moment(world, 0.72))
    return side.build()


@contextmanager
def no_month_missing(side: Side) -> Iterator[None]:
    """Fail if a reader misses, while a build goes on, plays of a month that were there before."""
    asked = "select distinct listener, ended_month from marts.fct_plays"
    is_over, missed, looks = Event(), set[Row](), 0

    def watch(before: set[Row]) -> None:
        nonlocal looks
        with open_warehouse(side.settings, read_only=True) as warehouse:
            while not is_over.wait(READER_ASKS_EVERY):
                missed.update(before - set(warehouse.query(asked)))
                looks += 1

    with open_warehouse(side.settings, read_only=True) as warehouse:
        before = set(warehouse.query(asked))
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(watch, before)
        try:
            yield
        finally:
            is_over.set()
        reader.result()
    assert looks > 10, "a reader that hardly looks misses nothing"
    assert missed == set()


def with_one_size_of_whole_numbers(marts: Marts) -> Marts:
    """As a warehouse holds them that has no other whole numbers."""
    return {
        name: replace(
            mart,
            types={
                column: "BIGINT" if kind == "INTEGER" else kind
                for column, kind in mart.types.items()
            },
        )
        for name, mart in marts.items()
    }


def check_parity(
    sides: tuple[Side, Side],
    world: World,
    exports: Path,
    as_there: Callable[[Marts], Marts] = lambda marts: marts,
) -> None:
    """Every mart is DuckDB's, row for row, now and after an increment.

    Args:
        sides: DuckDB, and the other.
        world: of which both load a part, and then the rest.
        exports: a folder for its exports.
        as_there: DuckDB's marts as the other holds them.
    """
    write_exports(world, exports)

    duckdb, first = (build_first(side, world, exports) for side in sides)
    assert differences(first, as_there(duckdb)) == {}

    with no_month_missing(sides[1]):
        duckdb, second = (build_increment(side, world, exports) for side in sides)
    assert differences(second, as_there(duckdb)) == {}
    assert differences(second, first).keys() > {"fct_plays", "bridge_play_records"}
    empty = {mart for mart, held in duckdb.items() if not held.rows}
    assert empty <= {"mon_collection_gaps"}, "what is empty on both sides shows nothing"


def check_forgetting(side: Side) -> None:
    """Of the raw tables, those rows go that are of the listener who is forgotten."""
    before = _listeners_rows(side)
    assert before["me"]["spotify_api.recently_played"] > 0
    with open_warehouse(side.settings, read_only=True) as warehouse:
        assert memory_of(warehouse, "me").values

    forget(Console(quiet=True), side.settings, "me", None, is_agreed=True)

    after = _listeners_rows(side)
    assert after == {listener: rows for listener, rows in before.items() if listener != "me"}
    with open_warehouse(side.settings, read_only=True) as warehouse:
        assert memory_of(warehouse, "me").values == {}
        nested = "spotify_api.recently_played__track__artists"
        assert warehouse.query(f"select count(*) from {nested}") == [(0,)]


def _listeners_rows(side: Side) -> dict[str, dict[str, int]]:
    """By listener, the number of their rows in each raw table that holds any."""
    counted: dict[str, dict[str, int]] = {}
    with open_warehouse(side.settings, read_only=True) as warehouse:
        for schema in ("spotify_api", "spotify_export"):
            for table, types in warehouse.column_types(schema).items():
                if "listener" in types:
                    rows = f"select listener, count(*) from {schema}.{table} group by listener"
                    for listener, count in warehouse.query(rows):
                        counted.setdefault(listener, {})[f"{schema}.{table}"] = count
    return counted


def what_is_kept_of_a_broken_promise(settings: Settings) -> list[list[Finding]]:
    """What is told of it when it is found, as long as it stands, and when it is mended.

    Beside it stands a test of dbt's own, whose rows have other columns.
    """
    rows = "select 'key of x' as broken_promise, 'a' as offending_value, 2 as row_count"
    broken = [
        SimpleNamespace(
            status="fail",
            failures=2,
            node=SimpleNamespace(
                name=f"{test}_x",
                alias=f"{test}_x",
                test_metadata=SimpleNamespace(name=test),
                compiled_code=query,
            ),
        )
        for test, query in (("integrity", rows), ("not_null", "select 1 as x"))
    ]
    with open_warehouse(settings) as warehouse:
        return [
            keep_findings(settings, warehouse, broken, are_all=True),
            standing_findings(warehouse),
            keep_findings(settings, warehouse, [], are_all=True),
            standing_findings(warehouse),
        ]


#: What that has to be, in any warehouse.
KEPT_OF_A_BROKEN_PROMISE = [
    [
        Finding("integrity_x", 2, "findings.integrity_x", "key of x: a"),
        Finding("not_null_x", 2, "findings.not_null_x"),
    ],
    [
        Finding("integrity_x", 1, "findings.integrity_x"),
        Finding("not_null_x", 1, "findings.not_null_x"),
    ],
    [],
    [],
]
