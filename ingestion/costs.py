"""`spotify-elt costs`: what lies in the warehouse, what queries are billed for, and the limits.

The warehouse says what there is (`storage`, `billed`, `would_read`); the arithmetic is here. Months
and days are those of UTC; Google's invoices go by Pacific time, some hours behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion.cost_notes import stored_before
from ingestion.errors import UserError
from ingestion.settings import Settings
from ingestion.transform import Compiled, compile_build
from ingestion.warehouse import engine_of, open_warehouse
from ingestion.warehouse.protocol import Allowance, Billed, Stored

_GIB: Final = 2**30
_WARNED_FROM: Final = 0.5
_SHOWN: Final = 12
_DAYS_SHOWN: Final = 5

#: Growth is told since the first note of so many days.
_GROWTH_DAYS: Final = 31

_STYLES: Final = {"good": "green", "near": "yellow", "over": "red"}


@dataclass(frozen=True)
class Use:
    """How much of something is used.

    Attributes:
        used: bytes, so far.
        limit: bytes; None is none.
        expected: bytes at the end of the month; None where nobody can tell yet.
    """

    used: int
    limit: int | None
    expected: int | None

    @property
    def state(self) -> Literal["good", "near", "over"]:
        """Over the limit; near it, when half of it is used or all of it will be; or neither."""
        if self.limit is None:
            return "good"
        if self.used > self.limit:
            return "over"
        is_near = self.used >= _WARNED_FROM * self.limit or (self.expected or 0) > self.limit
        return "near" if is_near else "good"


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The beginning of the month in UTC, and that of the next."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=31)).replace(day=1)


def at_this_pace(used: int, now: datetime) -> int:
    """What a month comes to of which so much is used.

    The first day counts as a whole one: the pace of its first minutes says nothing of a month.
    """
    start, end = month_of(now)
    past = max(now - start, timedelta(days=1))
    return round(used * ((end - start) / past))


def as_it_grew(stored: int, before: tuple[date, int] | None, now: datetime) -> int | None:
    """What will lie there at the end of the month, if it grows as it did.

    Args:
        stored: bytes, now.
        before: an earlier day, in UTC, and the bytes of then.
        now: aware.

    Returns:
        None without an earlier day.
    """
    if before is None or before[0] >= now.astimezone(UTC).date():
        return None
    past = now - datetime.combine(before[0], time(), UTC)
    _, end = month_of(now)
    return max(0, round(stored + (stored - before[1]) * ((end - now) / past)))


def limits_of(settings: Settings, allowance: Allowance) -> Allowance:
    """The limits in force: those that are set, or what the warehouse gives for nothing."""
    stored, queried = settings.storage_limit_gib, settings.queries_limit_gib
    return Allowance(
        stored=allowance.stored if stored is None else round(stored * _GIB),
        queried=allowance.queried if queried is None else round(queried * _GIB),
    )


def size(byte_count: float) -> str:
    """As a person would say it: 1.2 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if byte_count < 1024:
            return f"{byte_count:.0f} B" if unit == "B" else f"{byte_count:,.1f} {unit}"
        byte_count /= 1024
    return f"{byte_count:,.1f} TiB"


def show_costs(console: Console, settings: Settings, now: datetime, *, every: bool = False) -> bool:
    """Print what it costs; say whether that is within the limits.

    Args:
        console: where to.
        settings: of the warehouse.
        now: aware.
        every: all tables and models, not only the largest.

    Raises:
        WarehouseError: the warehouse cannot be opened, or does not say what queries cost.
        UserError: there is none.
    """
    engine = engine_of(settings)
    if not engine.exists():
        raise UserError("there is no warehouse yet: run `spotify-elt run` first")
    limits, shown = limits_of(settings, engine.allowance), None if every else _SHOWN
    with open_warehouse(settings, read_only=True) as warehouse:
        tables = warehouse.storage()
        stored = sum(table.byte_count for table in tables)
        before = stored_before(warehouse, now.astimezone(UTC).date() - timedelta(_GROWTH_DAYS))
        storage = Use(stored, limits.stored, as_it_grew(stored, before, now))
        _show_storage(console, engine.place, storage, before, tables, shown)
        if not engine.bills_queries:
            return storage.state != "over"
        start, _ = month_of(now)
        billed = warehouse.billed(min(start.date(), _days_until(now)[0]))
    month = sum(one.byte_count for one in billed if one.day >= start.date())
    queries = Use(month, limits.queried, at_this_pace(month, now))
    _show_queries(console, queries, billed, now, shown)
    return "over" not in (storage.state, queries.state)


def _show_storage(
    console: Console,
    place: str,
    use: Use,
    before: tuple[date, int] | None,
    tables: Sequence[Stored],
    shown: int | None,
) -> None:
    console.print(f"Stored   {_in_words(use)} in {escape(place)}", soft_wrap=True)
    if before and use.expected is not None:
        day, then = before
        grown = use.used - then
        console.print(
            f"         {size(abs(grown))} {'less' if grown < 0 else 'more'} than on {day};"
            f" {size(use.expected)} at the end of the month, if that goes on",
            soft_wrap=True,
        )
    if len(tables) > 1:
        schemas: defaultdict[str, int] = defaultdict(int)
        for one in tables:
            schemas[one.schema] += one.byte_count
        words = ", ".join(f"{name} {size(schemas[name])}" for name in sorted(schemas))
        console.print(f"         {escape(words)}", soft_wrap=True)
        largest = sorted(tables, key=lambda one: -one.byte_count)[:shown]
        rows = [(f"{one.schema}.{one.table}", size(one.byte_count)) for one in largest]
        console.print(_table(("Table", "stored"), rows))


def _show_queries(
    console: Console, use: Use, billed: Sequence[Billed], now: datetime, shown: int | None
) -> None:
    start, _ = month_of(now)
    console.print(f"Queries  {_in_words(use)} billed in {start:%B %Y}", soft_wrap=True)
    console.print(
        f"         {size(use.expected or 0)} at the end of the month, at this pace", soft_wrap=True
    )
    days = _days_until(now)
    of_month: defaultdict[str, int] = defaultdict(int)
    of_day: defaultdict[tuple[str, date], int] = defaultdict(int)
    for one in billed:
        of_day[one.purpose, one.day] += one.byte_count
        of_month[one.purpose] += one.byte_count if one.day >= start.date() else 0
    rows = [
        (purpose, *(size(of_day[purpose, day]) for day in days), size(of_month[purpose]))
        for purpose in sorted(of_month, key=lambda purpose: (-of_month[purpose], purpose))[:shown]
    ]
    if rows:
        headings = ("Model", *(f"{day:%d %b}" for day in days), f"{start:%B}")
        console.print(_table(headings, rows))


def _days_until(now: datetime) -> list[date]:
    today = now.astimezone(UTC).date()
    return [today - timedelta(days=ago) for ago in reversed(range(_DAYS_SHOWN))]


def _in_words(use: Use) -> str:
    if use.limit is None:
        return f"[bold]{size(use.used)}[/]"
    share = f"{use.used / use.limit:.0%} of {size(use.limit)}"
    return f"[bold]{size(use.used)}[/], [{_STYLES[use.state]}]{share}[/]"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def show_dry_run(console: Console, settings: Settings) -> None:
    """Print what the queries of the next run's build would be billed for; nothing is built.

    Raises:
        WarehouseError: the warehouse cannot be opened.
        BuildError: the models do not compile.
    """
    engine = engine_of(settings)
    if not engine.bills_queries:
        console.print(f"Build    nothing is billed for queries of {escape(engine.place)}")
        return
    nodes = compile_build(settings)
    if not nodes:
        console.print("Build    nothing: no raw table has changed since the last build")
        return
    with open_warehouse(settings, read_only=True) as warehouse:
        read = {node: warehouse.would_read(node.query) for node in nodes}
    known = {node: count for node, count in read.items() if count is not None}
    limit = limits_of(settings, engine.allowance).queried
    total = sum(known.values())
    share = f", {total / limit:.1%} of {size(limit)}" if limit else ""
    models = sum(not node.is_test for node in nodes)
    console.print(
        f"Build    [bold]{size(total)}[/]{share}, for {models:,} tables"
        f" and {len(nodes) - models:,} data tests",
        soft_wrap=True,
    )
    if len(known) < len(read):
        console.print(
            f"         [yellow]{len(read) - len(known):,} more cannot be told: they read what is"
            " not built yet[/]",
            soft_wrap=True,
        )
    console.print(
        "         Not told: what increments delete before, and what dbt asks for itself. It may be"
        " less, where clusters let BigQuery read a part.",
        soft_wrap=True,
    )
    console.print(_table(("Reads most", "bytes"), _largest(known)))


def _largest(known: dict[Compiled, int]) -> list[tuple[str, str]]:
    largest = sorted(known.items(), key=lambda one: (-one[1], one[0].name))
    return [(node.name, size(count)) for node, count in largest[:_SHOWN]]
