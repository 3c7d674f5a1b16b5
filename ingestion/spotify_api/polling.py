"""One poll of one listener: what is asked for, in which order, and what of it may fail."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from ingestion.settings import Settings
from ingestion.spotify_api.catalogue import (
    KINDS,
    Kind,
    is_closed,
    look_up,
    missing_ids,
    missing_names,
    search,
    stale_ids,
)
from ingestion.spotify_api.client import (
    BadRequest,
    BudgetSpent,
    Clock,
    Forbidden,
    NoAccess,
    ScopeMissing,
    SignInNeeded,
    SpotifyClient,
    SpotifyError,
    TryLater,
    Unavailable,
)
from ingestion.spotify_api.errors import WHO_MAY_ASK
from ingestion.spotify_api.lists import (
    SAVED_LISTS,
    TOP_LISTS,
    followed_artists,
    saved_items,
    top_items,
    user,
)
from ingestion.spotify_api.playlists import playlists
from ingestion.spotify_api.plays import PlayKey, key_of, recently_played
from ingestion.spotify_api.sign_in import scope_of
from ingestion.spotify_api.spool import Answer, Row, Spool
from ingestion.spotify_api.state import Memory
from ingestion.spotify_api.store import Store
from ingestion.warehouse import Warehouse

logger = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with the objects looked up, how many there are in all, and what remains in words."""

Section: TypeAlias = tuple[str, Callable[[], Iterator[Answer]]]
"""Something to ask for: the name of its endpoint, and its answers."""

#: The spool is loaded when it is this long, which bounds memory,
_LONG_SPOOL: Final = 8_000

#: or this old, lest a long run shows nothing; a load has a cost of its own, of some 500 rows.
_OLD_SPOOL: Final = timedelta(minutes=5)


class Stopped(Exception):  # noqa: N818 - a state
    """Somebody has asked the run to stop."""


class Poll:
    """One poll.

    Args:
        settings: of the run.
        client: whose account is asked.
        clock: the time.
        memory: what is remembered of the listener; grows.
        known: plays that are known; grows.
        spool: where answers go.
        stop: when it is set, the poll ends after the call at hand.

    Attributes:
        client: as given; it knows what the poll has cost.
        rows: that were found, by table.
        problem: what Spotify did not answer, though it answered all else.
        notes: one line for each list or kind that could not be read.
        has_failures: whether that does not pass by itself, as far as can be seen.
        missing_scopes: what the sign-in does not allow, though it allows all else.
        plays_refused: one line, when Spotify refuses the plays by themselves (403).
    """

    def __init__(
        self,
        settings: Settings,
        client: SpotifyClient,
        clock: Clock,
        memory: Memory,
        known: set[PlayKey],
        spool: Spool,
        stop: threading.Event,
    ) -> None:
        self.rows: Counter[str] = Counter()
        self.problem: Unavailable | None = None
        self.notes: list[str] = []
        self.has_failures = False
        self.missing_scopes: set[str] = set()
        self.plays_refused: str | None = None
        self.client = client
        self._settings, self._clock = settings, clock
        self._memory, self._known, self._spool, self._stop = memory, known, spool, stop

    def ask_for_plays(self, *, everything: bool) -> None:
        """Ask for new plays, or for all that Spotify still has."""
        plays = partial(recently_played, limit=self._settings.limits.plays, everything=everything)
        self._ask(
            "recently_played",
            lambda: plays(self.client, self._clock, self._memory, self._known),
        )

    def ask_for_lists(self) -> None:
        """Ask for those lists that have not been asked for lately."""
        every = timedelta(hours=self._settings.ask_lists_every_hours)
        for name, answers in self._lists():
            if self._memory.is_due(name, every, self._clock.now()):
                self._ask(name, answers)

    def _lists(self) -> Iterator[Section]:
        client, clock, memory = self.client, self._clock, self._memory
        limits = self._settings.limits
        yield "users", partial(user, client, clock, memory)
        if limits.top != 0:
            for name in TOP_LISTS:
                yield name, partial(top_items, client, clock, memory, name, limits.top)
        for name in SAVED_LISTS:
            yield name, partial(saved_items, client, clock, memory, name)
        yield "followed_artists", partial(followed_artists, client, clock, memory)
        if limits.playlists != 0:
            all_playlists = partial(
                playlists, limit=limits.playlists, track_limit=limits.playlist_tracks
            )
            yield "playlists", partial(all_playlists, client, clock, memory)

    def enrich(self, store: Store, calls: int, on_progress: Progress) -> None:
        """Look up what the catalogue lacks, then what is old in it.

        Args:
            store: the warehouse, open.
            calls: that enrichment may bring the poll to.
            on_progress: called as it goes on.

        Raises:
            BudgetSpent: there is more to look up than it may.
        """
        now = self._clock.now()
        good_since = now - timedelta(days=self._settings.refresh_catalogue_after_days)

        def objects(
            find: Callable[[Warehouse, str, datetime], list[str]], kind: Kind
        ) -> Iterator[Answer]:
            if is_closed(self._memory, kind, now):
                return
            ids = find(store.warehouse, kind.name, good_since)
            answers = look_up(self.client, self._clock, self._memory, kind, ids)
            yield from self._within(calls, answers, len(ids), kind.name, on_progress)

        def names() -> Iterator[Answer]:
            found = missing_names(store.warehouse, good_since)
            answers = search(self.client, self._clock, found)
            yield from self._within(calls, answers, len(found), "name_matches", on_progress)

        missing = partial(missing_ids, now=now)
        for find, kinds in (
            (missing, ["tracks"]),
            (missing, ["artists", "albums", "episodes", "track_audio_features"]),
            (missing, ["shows"]),
            (stale_ids, [kind.name for kind in KINDS.values() if kind.is_refreshed]),
        ):
            if self._spool.length:
                store.load(self._spool)  # what came so far names what to look up next
            for kind in kinds:
                self._ask(kind, partial(objects, find, KINDS[kind]), store)
            if kinds == ["tracks"]:
                self._ask("search", names, store)

    def _within(
        self,
        calls: int,
        answers: Iterator[Answer],
        count: int,
        what: str,
        on_progress: Progress,
    ) -> Iterator[Answer]:
        done, started_at = 0, self._clock.now()
        while done < count:
            if self.client.calls >= calls:
                raise BudgetSpent(
                    f"{self.client.listener}: {count - done:,} {what.replace('_', ' ')} remain"
                )
            answer = next(answers, None)
            if answer is None:
                return
            done += sum(_settles(table, row, what) for table, row in answer.rows)
            left = max(0, count - done)
            time_left = (self._clock.now() - started_at) / max(1, done) * left
            on_progress(
                count - left,
                count,
                f"{left:,} {what.replace('_', ' ')} left, {_in_words(time_left)}",
            )
            yield answer

    def _ask(
        self, name: str, section: Callable[[], Iterator[Answer]], store: Store | None = None
    ) -> None:
        """Go through a section's answers; what it is refused, or cannot be read, is noted.

        Raises:
            Unavailable: nor did Spotify answer in an earlier section.
            Stopped: somebody has asked for it.
            SpotifyError: any that ends the poll.
        """
        lacks_scope = self._memory.lacks_scope(name, self.client.sign_in_id)
        if lacks_scope:
            self.missing_scopes.add(scope_of(name))
        # plays are what no later call brings back, unless the sign-in does not allow them
        may_wait = lacks_scope or name != "recently_played"
        if may_wait and self._memory.is_refused(name, self._clock.now(), self.client.sign_in_id):
            return
        try:
            for answer in section():
                self._keep(answer)
                if store and self._is_time_to_load():
                    store.load(self._spool)
                if self._stop.is_set():
                    raise Stopped
            if store is None and self._memory[f"refused/{name}"]:
                self.missing_scopes.discard(scope_of(name))
                self._keep(Answer([], {f"refused/{name}": None}))
        except ScopeMissing as error:
            logger.info("%s: %s", self.client.listener, error)
            self.missing_scopes.add(scope_of(name))
            self._keep(
                self._memory.lack_of_scope(
                    self.client.listener,
                    name,
                    scope_of(name),
                    self.client.sign_in_id,
                    self._clock.now(),
                )
            )
        except (BadRequest, Forbidden) as error:
            if name == "recently_played":
                is_forbidden = isinstance(error, Forbidden)
                self.plays_refused = f"{error}; {WHO_MAY_ASK}" if is_forbidden else str(error)
            elif isinstance(error, BadRequest):
                self._note(str(error))
            self._keep(
                self._memory.refusal(
                    self.client.listener, error.endpoint, self._clock.now(), error.status
                )
            )
        except Unavailable as error:
            if self.problem:
                raise
            self.problem = error
        except (BudgetSpent, NoAccess, SignInNeeded, TryLater):
            raise
        except SpotifyError as error:
            self._note(str(error), error)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            self._note(f"{name}: Spotify's answer is not of the shape known ({reason})", error)

    def _note(self, note: str, error: Exception | None = None) -> None:
        logger.info("%s: %s", self.client.listener, note, exc_info=error)
        self.notes.append(note)
        self.has_failures |= error is not None

    def _keep(self, answer: Answer) -> None:
        self._spool.add(answer, self._clock.now())
        self._memory.update(answer.remember)
        for note in answer.notes:
            self._note(note)
        for table, row in answer.rows:
            self.rows[table] += 1
            if table == "recently_played":
                self._known.add(key_of(row))

    def _is_time_to_load(self) -> bool:
        since = self._spool.since
        is_old = since is not None and self._clock.now() - since >= _OLD_SPOOL
        return is_old or self._spool.length >= _LONG_SPOOL


def _settles(table: str, row: Row, what: str) -> bool:
    """Whether a row is the end of a search for one of `what`."""
    return table == what or (table == "catalogue_misses" and row["status"] != 200)


def _in_words(duration: timedelta) -> str:
    minutes = round(duration.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes} min" if minutes < 100 else f"about {round(minutes / 60)} h"
