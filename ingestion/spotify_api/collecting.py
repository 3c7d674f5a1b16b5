"""A collection: what one listener's Spotify account tells, from a first poll to years of them.

Each answer goes to the spool at once and to the warehouse with the rest of its poll. The warehouse
is opened only when there is something to read or to load, so that a collector which runs for
months leaves it to others. When it cannot be opened, because another program holds it, a poll goes
by what the one before knew (`kept.py`), and what it finds waits in the spool.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from ingestion.errors import UserError, WarehouseError
from ingestion.locks import Locked
from ingestion.settings import Settings
from ingestion.spotify_api.client import (
    BudgetSpent,
    Clock,
    SignInNeeded,
    SystemClock,
    TryLater,
    Unavailable,
    open_client,
)
from ingestion.spotify_api.errors import Busy
from ingestion.spotify_api.kept import Kept
from ingestion.spotify_api.plays import PlayKey
from ingestion.spotify_api.polling import Poll, Progress, Stopped
from ingestion.spotify_api.sign_in import lack_in_words, scope_of
from ingestion.spotify_api.spool import Answer, Row, Spool
from ingestion.spotify_api.state import Memory
from ingestion.spotify_api.store import Store
from ingestion.spotify_api.tokens import sign_in_of, sign_in_warning
from ingestion.warehouse import open_warehouse

logger = logging.getLogger(__name__)

#: Rows that tell of nothing but the polls themselves may wait this long.
_IDLE_WAIT: Final = timedelta(hours=1)

#: The share of the day's calls that enrichment leaves to the polls still to come: no later call
#: brings back a play, and the catalogue can wait.
_RESERVE: Final = 0.2

_DAY: Final = timedelta(days=1)

#: What a poll came to, by what ended it.
_OUTCOMES: Final[dict[type[Exception], str]] = {
    BudgetSpent: "budget_spent",
    TryLater: "try_later",
    SignInNeeded: "sign_in_needed",
    Unavailable: "unavailable",
    Stopped: "stopped",
}


class Waits:
    """How long Spotify wants no calls: it counts those of an app, whichever listener they are for.

    By the app's client id; all times are aware UTC.
    """

    def __init__(self) -> None:
        self._until: dict[str | None, datetime] = {}

    def until(self, client_id: str | None) -> datetime | None:
        """Before then no call is of use; None if Spotify has not said so."""
        return self._until.get(client_id)

    def extend(self, client_id: str | None, until: datetime | None) -> None:
        """Wait longer, if this is later."""
        if until:
            self._until[client_id] = max(until, self._until.get(client_id, until))


class StoppableClock(SystemClock):
    """The time of this machine; a sleep ends when `stop` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds.

        Raises:
            Stopped: `stop` was set before.
        """
        if self._stop.wait(seconds):
            raise Stopped


@dataclass
class Outcome:
    """What one poll of one listener came to.

    Attributes:
        outcome: see `tables.COLLECTION_RUNS`.
        message: one line about what was in the way; None if nothing was.
        not_allowed: one line about what the sign-in or the app may not ask; None if nothing.
        unanswered: one line about a list that Spotify did not answer; None if it is the message.
        not_stored: one line about what could not be stored; None if all was.
        not_loaded: one line when the warehouse cannot be opened: what came waits in the spool.
        warning: one line when the sign-in ends soon.
        try_later_until: aware UTC; before then no call is made.
        calls_by_endpoint: `calls`, by what was asked for.
        rows: that came, by table; they may still wait in the spool.
        is_noted: whether its row of `collection_runs` is on its way.
    """

    listener: str
    outcome: str = "complete"
    message: str | None = None
    not_allowed: str | None = None
    unanswered: str | None = None
    not_stored: str | None = None
    not_loaded: str | None = None
    warning: str | None = None
    try_later_until: datetime | None = None
    calls: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    calls_by_endpoint: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    is_noted: bool = False

    @property
    def needs_attention(self) -> bool:
        """Whether it goes on only if somebody does something."""
        is_in_trouble = self.not_allowed is not None or self.not_stored is not None
        return is_in_trouble or self.outcome in {"sign_in_needed", "failed"}


def collect_once(
    settings: Settings,
    listener: str,
    *,
    clock: Clock | None = None,
    stop: threading.Event | None = None,
    waits: Waits | None = None,
    max_calls: int | None = None,
    everything: bool = False,
    on_progress: Progress | None = None,
) -> Outcome:
    """Poll once, with the warehouse open from beginning to end, where it can be opened.

    Args: as of `Collector` and `Collector.poll`.

    Raises:
        Busy: another process is collecting for the listener; nothing was asked.
        WarehouseError: the warehouse cannot be opened, and no poll before says what is known;
            nothing was asked.
    """
    collector = Collector(settings, listener, clock=clock, stop=stop, waits=waits)
    with collector.alone(), ExitStack() as opened:
        try:
            opened.enter_context(collector.warehouse_open())
        except WarehouseError as error:
            collector.unopened = error
        return collector.poll(max_calls=max_calls, everything=everything, on_progress=on_progress)


class Collector:
    """Collects for one listener, poll after poll.

    Attributes:
        unopened: why the warehouse could not be opened just now: the next poll begins without it.

    Args:
        settings: of all runs.
        listener: whose account it is.
        clock: the time; of this machine unless a test has its own.
        stop: when it is set, a poll ends after the call at hand.
        waits: shared with those who may ask by the same app.
        patience: how long what a poll has found may wait in the spool before it is loaded.
    """

    def __init__(
        self,
        settings: Settings,
        listener: str,
        *,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        waits: Waits | None = None,
        patience: timedelta = timedelta(0),
    ) -> None:
        self.listener = listener
        self.unopened: WarehouseError | None = None
        self._settings = settings
        self._stop = stop or threading.Event()
        self._clock = clock or StoppableClock(self._stop)
        self._patience = patience
        self._waits = waits or Waits()
        self._client_id: str | None = None
        self._spool = Spool(settings, listener)
        self._kept = Kept(settings, listener)
        self._store: Store | None = None
        self._memory: Memory | None = None
        self._is_alone = False
        self._is_up_to_date = False
        self._known: set[PlayKey] = set()
        self._calls: deque[tuple[datetime, int]] = deque()
        self._has_news = False
        self._is_enriched = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from collecting for the listener, unless that is done already.

        Raises:
            Busy: another one is at it.
            WarehouseError: the folder of the warehouse cannot be written.
        """
        if self._is_alone:
            yield
            return
        with ExitStack() as held:
            try:
                is_as_left = held.enter_context(self._spool.turn())
            except Locked as error:
                raise Busy(self.listener) from error
            except OSError as error:
                raise WarehouseError(f"cannot write beside the warehouse: {error}") from error
            self._is_up_to_date = self._is_up_to_date and is_as_left
            self._is_alone = True
            try:
                yield
            finally:
                self._is_alone = False

    @contextmanager
    def warehouse_open(self) -> Iterator[Store]:
        """The warehouse, opened unless it is open already.

        Raises:
            WarehouseError: it cannot be opened or written.
        """
        if self._store:
            yield self._store
            return
        with open_warehouse(self._settings) as warehouse:
            try:
                self._store = Store(warehouse, self.listener, self._good_for)
                yield self._store
            finally:
                self._store = None

    def poll(
        self,
        *,
        max_calls: int | None = None,
        everything: bool = False,
        on_progress: Progress | None = None,
    ) -> Outcome:
        """Ask for what is new: plays first, then lists, then what the catalogue lacks.

        Args:
            max_calls: that it may make; the setting unless given.
            everything: all plays that Spotify still has, also behind what is known.
            on_progress: called as enrichment goes on.

        Returns:
            What came of it. Trouble with Spotify is told there; what came before it is kept.

        Raises:
            Busy: another process is collecting for the listener; nothing was asked.
            WarehouseError: it cannot be opened, and no poll before says what is known; nothing was
                asked.
        """
        with self.alone():
            return self._poll(max_calls, everything, on_progress)

    def _poll(
        self, max_calls: int | None, everything: bool, on_progress: Progress | None
    ) -> Outcome:
        self._client_id = _client_id_of(self._settings, self.listener)
        memory = self._recall()
        started_at = self._clock.now()
        outcome = Outcome(
            self.listener, warning=sign_in_warning(self._settings, self.listener, started_at)
        )
        poll: Poll | None = None
        try:
            budget = self._budget(max_calls, started_at)
            client = open_client(
                self._settings, self.listener, budget=budget.in_all, clock=self._clock
            )
            poll = Poll(
                *(self._settings, client, self._clock, memory),
                *(self._known, self._spool, self._stop),
            )
            poll.ask_for_plays(everything=everything)
            poll.ask_for_lists()
        except Exception as error:
            _conclude(outcome, error)
        self._has_news = self._has_news or bool(poll and poll.rows)
        if self._is_time_to_load():
            try:
                with self.warehouse_open() as store:
                    if poll and outcome.outcome == "complete":
                        self._enrich(poll, store, budget.enrichment, outcome, on_progress)
                    self._note(outcome, poll, started_at)
                    self._load(store)
            except WarehouseError as error:
                if self._store:
                    raise
                outcome.not_loaded = f"{error}; until then, what Spotify tells waits beside it"
        if not outcome.is_noted:
            self._note(outcome, poll, started_at)
        _conclude_without_storing(outcome, self._spool.trouble())
        self._spool.not_stored.clear()
        if self._memory:
            wait_until = self._waits.until(self._client_id)
            self._kept.write(self._memory.values, self._known, self._client_id, wait_until)
        return outcome

    def _enrich(
        self, poll: Poll, store: Store, calls: int, outcome: Outcome, on_progress: Progress | None
    ) -> None:
        self._is_enriched = False
        try:
            poll.enrich(store, calls, on_progress or _silent)
            self._is_enriched = True
        except Exception as error:
            _conclude(outcome, error)

    def close(self) -> None:
        """Load what still waits.

        Raises:
            Busy: another process is collecting for the listener.
            WarehouseError: it cannot be opened or written; what waits is loaded by the next run.
        """
        if self._spool.since:
            with self.alone(), self.warehouse_open() as store:
                self._load(store)

    @property
    def _good_for(self) -> timedelta:
        return timedelta(days=self._settings.refresh_catalogue_after_days)

    def _recall(self) -> Memory:
        """What is remembered, by the warehouse if others have had a turn.

        Raises:
            WarehouseError: it cannot be opened, and nothing is known here.
        """
        if self._memory and self._is_up_to_date:
            return self._memory
        try:
            if self.unopened:
                raise self.unopened
            with self.warehouse_open() as store:
                now = self._clock.now()
                memory = self._load(store)
                self._calls = deque([(now, store.calls_since(now - _DAY))])
        except WarehouseError:
            self.unopened = None
            last_known = self._memory or self._recall_what_was_kept()
            if self._store or not last_known:
                raise
            return last_known  # to ask twice is better than to lose plays
        self._is_up_to_date = True
        return memory

    def _recall_what_was_kept(self) -> Memory | None:
        kept = self._kept.read()
        if kept:
            self._memory, self._known = Memory(kept.memory), set(kept.plays)
            self._waits.extend(kept.client_id, kept.wait_until)
        return self._memory

    def _load(self, store: Store) -> Memory:
        """Load the spool, and take over what others may have loaded since the last time."""
        store.load(self._spool)
        self._has_news = False
        self._known = store.recent_plays()
        self._memory = store.memory()
        self._waits.extend(self._client_id, store.told_to_wait_until(self._client_id))
        return self._memory

    def _is_time_to_load(self) -> bool:
        """Whether the warehouse is to be opened: what is new should be seen soon."""
        if self._store or not self._is_enriched:
            return True
        since = self._spool.since or self._clock.now()
        wait = self._patience if self._has_news else max(self._patience, _IDLE_WAIT)
        return self._clock.now() - since >= wait

    def _budget(self, max_calls: int | None, now: datetime) -> _Budget:
        """The calls that a poll may make.

        Raises:
            TryLater: Spotify has said that none is of use yet.
            BudgetSpent: those of the day are made.
        """
        until = self._waits.until(self._client_id)
        if until and now < until:
            raise TryLater(until, "as it said before")
        while self._calls and self._calls[0][0] <= now - _DAY:
            self._calls.popleft()
        per_run = self._settings.max_calls if max_calls is None else max_calls
        per_day = self._settings.max_calls_per_day
        left = per_day - sum(calls for _, calls in self._calls)
        if left <= 0:
            raise BudgetSpent(f"{self.listener}: the {per_day:,} calls of the day are made")
        return _Budget(min(per_run, left), min(per_run, left - round(per_day * _RESERVE)))

    def _note(self, outcome: Outcome, poll: Poll | None, started_at: datetime) -> None:
        """Complete the outcome, and put its row of `collection_runs` into the spool."""
        if poll:
            client = poll.client
            outcome.calls, outcome.retries = client.calls, client.retries
            outcome.waited_seconds = client.waited_seconds
            outcome.calls_by_endpoint, outcome.rows = client.calls_by_endpoint, poll.rows
            if poll.problem and outcome.outcome == "complete":
                _conclude(outcome, poll.problem)
            elif poll.problem and str(poll.problem) != outcome.message:
                outcome.unanswered = str(poll.problem)
            if poll.notes:
                _conclude_with_notes(outcome, poll)
            if poll.plays_refused:
                outcome.not_allowed = poll.plays_refused
            if poll.missing_scopes:
                _conclude_without(outcome, sorted(poll.missing_scopes))
        _conclude_without_storing(outcome, self._spool.trouble())
        now = self._clock.now()
        self._calls.append((now, outcome.calls))
        names = sorted(outcome.calls_by_endpoint.keys() | outcome.rows.keys())
        row: Row = {
            "run_id": uuid4().hex,
            "listener": self.listener,
            "client_id": self._client_id,
            "started_at": started_at,
            "ended_at": now,
            "calls": outcome.calls,
            "retries": outcome.retries,
            "waited_seconds": outcome.waited_seconds,
            "outcome": outcome.outcome,
            "try_later_until": outcome.try_later_until,
            "message": outcome.message
            or outcome.not_allowed
            or outcome.unanswered
            or outcome.not_stored
            or outcome.not_loaded,
            "resources": [
                {"name": name, "calls": outcome.calls_by_endpoint[name], "rows": outcome.rows[name]}
                for name in names
            ],
        }
        self._spool.add(Answer([("collection_runs", row)]), now)
        self._waits.extend(self._client_id, outcome.try_later_until)
        outcome.is_noted = True


@dataclass(frozen=True)
class _Budget:
    """Calls that a poll may make: in all, and how far enrichment may take it."""

    in_all: int
    enrichment: int


def _client_id_of(settings: Settings, listener: str) -> str | None:
    """Of the app that a listener is signed in with; None where that cannot be told."""
    with suppress(UserError):  # which the poll will tell
        sign_in = sign_in_of(settings, listener)
        return sign_in.client_id if sign_in else None
    return None


def _conclude(outcome: Outcome, error: Exception) -> None:
    """What ended the poll, as its outcome."""
    outcome.outcome = _OUTCOMES.get(type(error), "failed")
    outcome.message = str(error) if isinstance(error, UserError) else None
    if isinstance(error, TryLater):
        outcome.try_later_until = error.until
    if outcome.outcome == "failed" and outcome.message is None:
        outcome.message = f"{type(error).__name__}: {error}"
    logger.info("%s: %s", outcome.listener, outcome.outcome, exc_info=error)


def _conclude_without(outcome: Outcome, scopes: list[str]) -> None:
    """The poll did what it may, and these scopes are missing."""
    outcome.not_allowed = lack_in_words(outcome.listener, scopes)
    if outcome.outcome == "complete":
        # without plays nothing is fresh
        outcome.outcome = (
            "sign_in_needed" if scope_of("recently_played") in scopes else "scope_missing"
        )


def _conclude_with_notes(outcome: Outcome, poll: Poll) -> None:
    """The poll did what it may, and could not read these lists or kinds."""
    told = "; ".join(dict.fromkeys(poll.notes))
    outcome.unanswered = "; ".join(filter(None, [outcome.unanswered, told]))
    if poll.has_failures and outcome.outcome == "complete":
        outcome.outcome = "failed"


def _conclude_without_storing(outcome: Outcome, trouble: str | None) -> None:
    """The poll did what it may, and some of what came cannot be stored."""
    outcome.not_stored = trouble
    if trouble and outcome.outcome == "complete":
        outcome.outcome = "failed"


def _silent(_done: int, _total: int, _what: str) -> None:
    """Show no progress."""
