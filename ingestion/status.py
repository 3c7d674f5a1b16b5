"""`spotify-elt status`: what the Web API has brought, how fresh it is, what is missing, until when.

Read from the warehouse and the token file alone: no call is made, and dlt is not started.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Console
from rich.markup import escape

from ingestion.settings import Settings
from ingestion.spotify_api.catalogue import KINDS, missing_ids
from ingestion.spotify_api.spool import Spool
from ingestion.spotify_api.state import Memory, memory_of
from ingestion.spotify_api.tables import SCHEMA
from ingestion.spotify_api.tokens import (
    sign_in_ends,
    sign_in_id,
    sign_in_warning,
    signed_in_listeners,
)
from ingestion.warehouse import Warehouse, changed_types, engine_of, open_warehouse

_REFUSALS_SHOWN: Final = 5

#: Kinds whose coverage people care about; the others follow them.
_COVERED: Final = ("tracks", "artists", "albums", "episodes")


def show_status(console: Console, settings: Settings) -> None:
    """Print it, some lines for each listener.

    Raises:
        WarehouseError: there is a warehouse that cannot be opened.
        UserError: the token file cannot be read.
    """
    signed_in = signed_in_listeners(settings)
    if not engine_of(settings).exists():
        _show_without_warehouse(console, settings, signed_in)
        return
    with open_warehouse(settings, read_only=True) as warehouse:
        if not _has_tables(warehouse):
            _show_without_warehouse(console, settings, signed_in)
            return
        listeners = sorted({*signed_in, *_collected_listeners(warehouse)})
        for listener in listeners:
            _show_listener(
                console, settings, warehouse, listener, is_signed_in=listener in signed_in
            )
        if listeners:
            _show_catalogue(console, settings, warehouse)
            show_changed_types(console, warehouse)
        else:
            _show_nobody(console)


def _has_tables(warehouse: Warehouse) -> bool:
    return "collection_runs" in warehouse.tables(SCHEMA)


def _collected_listeners(warehouse: Warehouse) -> list[str]:
    rows = warehouse.query(f"select distinct listener from {SCHEMA}.collection_runs")
    return [listener for (listener,) in rows]


def _show_without_warehouse(console: Console, settings: Settings, signed_in: list[str]) -> None:
    if not signed_in:
        _show_nobody(console)
    for listener in signed_in:
        console.print(f"[bold green]{escape(listener)}[/]")
        console.print("  plays      none yet: spotify-elt collect")
        _show_sign_in(console, settings, listener, is_signed_in=True)


def _show_nobody(console: Console) -> None:
    console.print("Nobody is signed in to Spotify: spotify-elt login")


def _show_listener(
    console: Console, settings: Settings, warehouse: Warehouse, listener: str, *, is_signed_in: bool
) -> None:
    console.print(f"[bold green]{escape(listener)}[/]")
    _show_plays(console, warehouse, listener)
    _show_last_run(console, warehouse, listener)
    _show_gaps(console, warehouse, listener)
    memory = memory_of(warehouse, listener)
    _show_refusals(console, memory)
    _show_missing_scopes(console, settings, memory, listener)
    if Spool(settings, listener).is_waiting:
        console.print("  waiting    answers of an unfinished run: the next one loads them")
    _show_sign_in(console, settings, listener, is_signed_in=is_signed_in)


def _show_plays(console: Console, warehouse: Warehouse, listener: str) -> None:
    ((plays, last),) = warehouse.query(
        f"select count(*), max(played_at) from {SCHEMA}.recently_played where listener = ?",
        [listener],
    )
    told = f"{plays:,} collected, the last ended {_when(last)}" if plays else "none collected yet"
    console.print(f"  plays      {told}")


def _show_last_run(console: Console, warehouse: Warehouse, listener: str) -> None:
    runs = warehouse.query(
        "select ended_at, outcome, message, try_later_until, calls"
        f" from {SCHEMA}.collection_runs where listener = ? order by ended_at desc limit 1",
        [listener],
    )
    for ended_at, outcome, message, try_later_until, calls in runs:
        words = outcome.replace("_", " ")
        console.print(
            f"  last run   {_when(ended_at)}: {words}, {calls:,} call{'' if calls == 1 else 's'}"
        )
        if message:
            console.print(f"             [yellow]{escape(message)}[/]", soft_wrap=True)
        if try_later_until and try_later_until > datetime.now(UTC):
            console.print(f"  goes on    not before {_when(try_later_until)}")


def _show_gaps(console: Console, warehouse: Warehouse, listener: str) -> None:
    gaps = warehouse.query(
        f"select gap_from, gap_to from {SCHEMA}.collection_gaps where listener = ?"
        " order by gap_from desc",
        [listener],
    )
    if gaps:
        gap_from, gap_to = gaps[0]
        console.print(
            f"  [yellow]gaps       {len(gaps):,} where plays may be missing, the last from"
            f" {_when(gap_from)} to {_when(gap_to)}; the export has them[/]",
            soft_wrap=True,
        )


def _show_refusals(console: Console, memory: Memory) -> None:
    endpoints = memory.refused_endpoints()
    names = [name for name in endpoints if "/" not in name]
    playlists = len(endpoints) - len(names)
    if playlists:
        names.append(f"{playlists} playlist{'' if playlists == 1 else 's'} of others")
    if names:
        more = f" and {len(names) - _REFUSALS_SHOWN} more" if len(names) > _REFUSALS_SHOWN else ""
        console.print(
            f"  refused    {escape(', '.join(names[:_REFUSALS_SHOWN]))}{more}"
            " (403; tried again after a day, then monthly)",
            soft_wrap=True,
        )


def _show_missing_scopes(
    console: Console, settings: Settings, memory: Memory, listener: str
) -> None:
    scopes = memory.missing_scopes(sign_in_id(settings, listener))
    if scopes:
        console.print(
            f"  [yellow]allowed    all but {escape(', '.join(scopes))}, so that is not collected:"
            f" sign in again and agree: spotify-elt login --listener {escape(listener)}[/]",
            soft_wrap=True,
        )


def _show_sign_in(
    console: Console, settings: Settings, listener: str, *, is_signed_in: bool
) -> None:
    if not is_signed_in:
        console.print(f"  sign-in    none: spotify-elt login --listener {escape(listener)}")
        return
    ends_at = sign_in_ends(settings, listener)
    console.print(f"  sign-in    {f'ends {ends_at:%Y-%m-%d}' if ends_at else 'end not known'}")
    warning = sign_in_warning(settings, listener, datetime.now(UTC))
    if warning:
        console.print(f"             [yellow]{escape(warning)}[/]", soft_wrap=True)


@dataclass(frozen=True)
class Coverage:
    """How much of what plays mention the catalogue knows: objects of a kind."""

    kind: str
    known: int
    missing: int


def coverage(warehouse: Warehouse, settings: Settings) -> list[Coverage]:
    """The catalogue's coverage, of the kinds that anything mentions."""
    good_since = datetime.now(UTC) - timedelta(days=settings.refresh_catalogue_after_days)
    found = []
    for kind in _COVERED:
        ((known,),) = warehouse.query(f"select count(distinct id) from {SCHEMA}.{KINDS[kind].name}")
        missing = len(missing_ids(warehouse, kind, good_since))
        if known or missing:
            found.append(Coverage(kind, known, missing))
    return found


def _show_catalogue(console: Console, settings: Settings, warehouse: Warehouse) -> None:
    parts = [
        f"{part.known:,} {part.kind}" + (f" ({part.missing:,} to look up)" if part.missing else "")
        for part in coverage(warehouse, settings)
    ]
    if parts:
        console.print(f"Catalogue  {', '.join(parts)}", soft_wrap=True)
    ((misses,),) = warehouse.query(
        f"select count(distinct id) from {SCHEMA}.catalogue_misses where status = 404"
    )
    if misses:
        console.print(f"           {misses:,} that Spotify does not have any more")


def show_changed_types(console: Console, warehouse: Warehouse) -> None:
    """One line for each field that Spotify has begun to send with another type."""
    for changed in changed_types(warehouse, SCHEMA):
        console.print(
            f"[yellow]Changed    {escape(changed.field)} comes as {changed.data_type} now"
            f" ({changed.values:,} so far), kept in {escape(changed.column)}, which no mart reads:"
            " update spotify-elt, or report it[/]",
            soft_wrap=True,
        )


def _when(moment: datetime) -> str:
    """On this machine's clock, to the minute."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
