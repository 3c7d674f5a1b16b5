"""`spotify-elt collect`: ask Spotify once, or again and again, for everybody who is signed in."""

from __future__ import annotations

import logging
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Final

from rich.console import Console
from rich.markup import escape

from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings
from ingestion.spotify_api.collecting import Collector, Outcome, Waits, collect_once
from ingestion.spotify_api.errors import Busy
from ingestion.spotify_api.polling import Progress
from ingestion.spotify_api.tokens import signed_in_listeners

logger = logging.getLogger(__name__)

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours"}

#: What a poll found, as a person would say it; other tables are counted in `collection_runs`.
_NEWS: Final = {
    "recently_played": ("play", "plays"),
    "tracks": ("track", "tracks"),
    "artists": ("artist", "artists"),
    "albums": ("album", "albums"),
    "episodes": ("episode", "episodes"),
    "playlist_tracks": ("playlist entry", "playlist entries"),
}


def interval(text: str) -> timedelta:
    """The time between two polls: `30s`, `5m`, `2h`.

    Raises:
        UserError: it is nothing of the kind.
    """
    match = re.fullmatch(r"([1-9]\d{0,5})([smh])", text.strip())
    if match is None:
        raise UserError(f"--every {text}: give a number with its unit, such as 30s, 5m or 2h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def collect(
    console: Console,
    settings: Settings,
    listeners: list[str],
    *,
    max_calls: int | None = None,
    everything: bool = False,
    on_progress: Progress | None = None,
) -> bool:
    """Ask once for each listener, show what came, and say whether somebody must do something.

    What goes wrong for one of them does not keep it from asking for the others.

    Raises:
        WarehouseError: the warehouse cannot be opened, and somebody was never asked for before.
    """
    needs_attention = False
    unopened: WarehouseError | None = None
    waits = Waits()
    with _stop_on_signals() as stop:
        for listener in listeners:
            if stop.is_set():
                break
            try:
                outcome = collect_once(
                    settings,
                    listener,
                    stop=stop,
                    waits=waits,
                    max_calls=max_calls,
                    everything=everything,
                    on_progress=on_progress,
                )
            except Busy as error:
                console.print(f"[yellow]{escape(str(error))}[/]", soft_wrap=True)
                needs_attention = True
                continue
            except WarehouseError as error:
                unopened = error  # another may have polled before, and can go by that
                continue
            except Exception as error:
                console.print(f"[yellow]{escape(_trouble(listener, error))}[/]", soft_wrap=True)
                needs_attention = True
                continue
            show_outcome(console, outcome)
            needs_attention |= outcome.needs_attention or outcome.not_loaded is not None
    if unopened:
        raise unopened
    if everything:
        console.print(
            "Spotify keeps the latest 50 plays alone, and these are all that it had; what is older"
            " comes with the export: https://www.spotify.com/account/privacy",
            soft_wrap=True,
        )
    return needs_attention


def keep_collecting(
    console: Console,
    settings: Settings,
    listeners: list[str],
    every: timedelta,
    *,
    max_calls: int | None = None,
) -> bool:
    """Ask again and again until SIGINT or SIGTERM; say whether somebody must do something.

    Between two polls the warehouse is closed, and another process may collect. A warehouse that
    cannot be opened is tried again by the next poll; what Spotify has told waits in the spool. Nor
    does any other trouble of one listener's end it.
    """
    attention: dict[str, bool] = {}
    waits = Waits()
    with _stop_on_signals() as stop:
        collectors = [
            Collector(settings, listener, stop=stop, waits=waits) for listener in listeners
        ]
        for _ in _ticks(every, stop):
            for collector in collectors:
                if stop.is_set():
                    break
                try:
                    outcome = collector.poll(max_calls=max_calls)
                except (Busy, WarehouseError) as error:
                    console.print(f"{_now()}  {escape(str(error))}", soft_wrap=True)
                    continue
                except Exception as error:
                    told = escape(_trouble(collector.listener, error))
                    console.print(f"{_now()}  {told}", soft_wrap=True)
                    attention[collector.listener] = True
                    continue
                attention[collector.listener] = outcome.needs_attention
                show_outcome(console, outcome, at=_now())
        for collector in collectors:
            try:
                collector.close()
            except Exception as error:
                told = escape(_trouble(collector.listener, error))
                console.print(f"{_now()}  {told}", soft_wrap=True)
                attention[collector.listener] = True
    return any(attention.values())


def everybody(settings: Settings, listener: str | None = None) -> list[str]:
    """Whom to ask for: the one who was named, else all who are signed in.

    Raises:
        UserError: nobody is signed in.
    """
    if listener:
        return [listener]
    listeners = signed_in_listeners(settings)
    if not listeners:
        raise UserError("nobody is signed in to Spotify yet: spotify-elt login")
    return listeners


def show_outcome(console: Console, outcome: Outcome, at: str = "Asked  ") -> None:
    """One line of what a poll came to, and one for each thing that its owner should know."""
    found = [_count(outcome.rows[table], *nouns) for table, nouns in _NEWS.items()]
    calls = _count(outcome.calls, "call", "calls") or "no call"
    news = ", ".join(filter(None, found)) or "nothing new"
    console.print(f"{at}  {escape(outcome.listener)}: [bold]{news}[/] in {calls}", soft_wrap=True)
    if outcome.rows["collection_gaps"]:
        console.print(
            "[yellow]  plays may be missing since the last poll: Spotify shows the latest 50 alone;"
            " the export has them[/]",
            soft_wrap=True,
        )
    for line in (
        outcome.message,
        outcome.unanswered,
        outcome.not_stored,
        outcome.not_loaded,
        outcome.not_allowed,
        outcome.warning,
    ):
        if line:
            console.print(f"[yellow]  {escape(line)}[/]", soft_wrap=True)


def _trouble(listener: str, error: Exception) -> str:
    """One line about what ended a listener's poll; the log has more of it."""
    logger.info("%s: the poll has failed", listener, exc_info=error)
    if isinstance(error, UserError):
        return str(error)
    return f"{listener}: {type(error).__name__}: {error} (--debug shows where; please report it)"


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}" if number else ""


def _ticks(every: timedelta, stop: threading.Event) -> Iterator[None]:
    """Now, and then at even distances from now; a tick that comes too late is left out."""
    seconds = every.total_seconds()
    started = time.monotonic()
    while not stop.is_set():
        yield
        elapsed = time.monotonic() - started
        stop.wait(seconds - elapsed % seconds)


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; a second signal ends the process as ever."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def set_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, set_stop)
    try:
        yield stop
    finally:
        restore()


def _now() -> str:
    return f"{datetime.now(UTC).astimezone():%Y-%m-%d %H:%M}"
