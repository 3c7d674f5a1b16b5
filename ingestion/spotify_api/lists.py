"""Lists of the listener's: top tracks and artists, saved music, followed artists.

A list is looked at page by page. All rows of one look carry its `observed_at`, and its row of
`list_observations` comes with the last page: a look that broke off never counts. The next run goes
on with it where it stopped, if the list is still the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from ingestion.spotify_api.client import Clock, Json, SpotifyClient
from ingestion.spotify_api.spool import Answer, Row, stored
from ingestion.spotify_api.state import Memory

PAGE: Final = 50

TOP_LISTS: Final = ("top_tracks", "top_artists")
SAVED_LISTS: Final = ("saved_tracks", "saved_albums", "saved_shows", "saved_episodes")

_TIME_RANGES: Final = ("short_term", "medium_term", "long_term")


def user(client: SpotifyClient, clock: Clock, memory: Memory) -> Iterator[Answer]:
    """The listener's account, when anything about it has changed."""
    answer = stored(client.call("users", lambda spotify: spotify.current_user()))
    row = {**answer, "listener": client.listener, "observed_at": clock.now()}
    rows: list[tuple[str, Row]] = [] if answer == memory["user"] else [("users", row)]
    yield Answer(rows, {"user": answer, "asked/users": clock.now()})


def top_items(
    client: SpotifyClient, clock: Clock, memory: Memory, name: str, limit: int | None
) -> Iterator[Answer]:
    """The listener's top tracks or artists, over each of the three time ranges.

    Args:
        client: whose.
        clock: says when an answer came.
        memory: `answered/<name>`, the time ranges of a look that broke off.
        name: `top_tracks` or `top_artists`.
        limit: of items; None is as many as Spotify gives at once.
    """
    field = name.removeprefix("top_").removesuffix("s")
    answered: list[str] = list(memory[f"answered/{name}"] or [])
    for time_range in _TIME_RANGES:
        if time_range in answered:
            continue
        page = client.call(name, _ask_top(name, time_range, min(limit or PAGE, PAGE)))
        items = [item for item in page.get("items") or [] if item]
        look = {"listener": client.listener, "observed_at": clock.now()}
        rows: list[tuple[str, Row]] = [
            (name, {**look, "time_range": time_range, "rank": rank, field: stored(item)})
            for rank, item in enumerate(items, 1)
        ]
        observation = {
            **look,
            "list_name": name,
            "list_id": time_range,
            "total": len(items),
            "is_whole": True,
        }
        answered.append(time_range)
        yield Answer([*rows, ("list_observations", observation)], {f"answered/{name}": answered})
    yield Answer([], {f"asked/{name}": clock.now(), f"answered/{name}": None})


def _ask_top(name: str, time_range: str, limit: int) -> Callable[[Any], Json]:
    def ask(spotify: Any) -> Json:
        answer: Json = getattr(spotify, f"current_user_{name}")(limit=limit, time_range=time_range)
        return answer

    return ask


def saved_items(client: SpotifyClient, clock: Clock, memory: Memory, name: str) -> Iterator[Answer]:
    """What the listener has saved, latest first: `saved_tracks` and its like.

    One call if nothing has changed; else what was added, if the number of items shows that nothing
    was removed; else the whole list.
    """

    def ask(spotify: Any, limit: int, place: Place) -> Json:
        answer: Json = getattr(spotify, f"current_user_{name}")(limit=limit, offset=place)
        return answer

    def identity(item: Json) -> str:
        saved = next((value for value in item.values() if isinstance(value, dict)), {})
        known_by = saved.get("id") or saved.get("uri")
        return f"{item.get('added_at')} {known_by}" if known_by else ""

    listing = Listing(name, ask, identity, stored, is_latest_first=True)
    yield from look_at(client, clock, memory, listing)
    yield Answer([], {f"asked/{name}": clock.now()})


def followed_artists(client: SpotifyClient, clock: Clock, memory: Memory) -> Iterator[Answer]:
    """The artists whom the listener follows: the whole list each time, for it has no order."""

    def ask(spotify: Any, limit: int, place: Place) -> Json:
        answer: Json = spotify.current_user_followed_artists(limit=limit, after=place or None)
        artists: Json = answer["artists"]
        return artists

    listing = Listing("followed_artists", ask, _id, lambda item: {"artist": stored(item)})
    yield from look_at(client, clock, memory, listing)
    yield Answer([], {"asked/followed_artists": clock.now()})


def _id(item: Json) -> str:
    return str(item.get("id") or "")


Place = int | str
"""Where a page begins: an offset, or Spotify's cursor; 0 is the beginning."""


@dataclass(frozen=True)
class Listing:
    """A list, and how to ask for it.

    Attributes:
        name: of its table.
        ask: asks spotipy for a page: (spotify, limit, place).
        identity: what an entry is known by; empty when it has nothing of the kind.
        row: the columns of an entry.
        list_id, snapshot_id: of a playlist.
        limit: of rows; None for the whole list.
        is_latest_first: entries are added at the beginning, so that what was added can be read
            alone.
        may_repeat: whether the same entry can stand in the list twice.
        is_unchanged: asked before a look of several pages counts.
    """

    name: str
    ask: Callable[[Any, int, Place], Json]
    identity: Callable[[Json], str]
    row: Callable[[Json], Row]
    list_id: str | None = None
    snapshot_id: str | None = None
    limit: int | None = None
    is_latest_first: bool = False
    may_repeat: bool = False
    is_unchanged: Callable[[], bool] = lambda: True

    @property
    def key(self) -> str:
        """The name under which it is remembered."""
        return f"{self.name}/{self.list_id}" if self.list_id else self.name


class _ListChanged(Exception):  # noqa: N818 - a state
    """The list changed while it was read: its pages do not fit together."""


class _Look(msgspec.Struct):
    """A look at a list, as far as it has come.

    Attributes:
        observed_at: when the first page came, aware UTC; the same for all rows.
        total: entries that the list has, as Spotify says; None when it does not.
        first: the identity of its first entry.
        snapshot_id: of a playlist.
        place: where the next page begins.
        rows: rows so far.
    """

    observed_at: datetime
    total: int | None
    first: str
    snapshot_id: str | None = None
    place: Place = 0
    rows: int = 0

    def is_of_same_list(self, other: _Look) -> bool:
        """Whether nothing shows that the list has changed between the two."""
        return (self.total, self.first, self.snapshot_id) == (
            other.total,
            other.first,
            other.snapshot_id,
        )


def look_at(
    client: SpotifyClient, clock: Clock, memory: Memory, listing: Listing
) -> Iterator[Answer]:
    """Look at a list. One that changes meanwhile is read once more, then left for the next run.

    Args:
        client: whose list.
        clock: says when an answer came.
        memory: `list/<key>`, the last look; `unfinished/<key>`, one that broke off.
        listing: the list.
    """
    not_before: datetime | None = None
    for _ in range(2):
        reader = _Reader(client, clock, memory, listing, not_before)
        try:
            yield from reader.answers()
            return
        except _ListChanged:
            not_before = reader.began_at
            yield Answer([], {f"unfinished/{listing.key}": None})
    given_up = f"{listing.name}: its pages did not fit together, twice; the next look may be whole"
    yield Answer([], notes=[given_up])


class _Reader:
    """Reads one list once.

    Attributes:
        began_at: `observed_at` of its rows, once there are any; later than that of any look
            before, even if the clock stands still, for rows of two looks must not mix.
    """

    def __init__(
        self,
        client: SpotifyClient,
        clock: Clock,
        memory: Memory,
        listing: Listing,
        not_before: datetime | None,
    ) -> None:
        self._client, self._clock, self._listing = client, clock, listing
        self._last = _remembered(memory[f"list/{listing.key}"])
        self._broken_off = _remembered(memory[f"unfinished/{listing.key}"])
        self._seen: set[str] = set()
        self._pages = 0
        looks = [look.observed_at for look in (self._last, self._broken_off) if look]
        self._looks_before = [*looks, *([not_before] if not_before else [])]
        self.began_at: datetime | None = None

    def answers(self) -> Iterator[Answer]:
        """The rows page by page; the last answer makes them count.

        Raises:
            _ListChanged: they never will.
        """
        page = self._page(0)
        look = self._begun(page)
        is_counted = self._listing.is_latest_first and look.total is not None
        if is_counted and self._last and look.is_of_same_list(self._last):
            return
        if self._broken_off and look.is_of_same_list(self._broken_off):
            look = self._broken_off
            page = self._page(look.place)
        while True:
            items = self._checked(page, look)
            added = self._added_before_known(items, look)
            if added is not None:
                yield self._end(look, items[:added], is_whole=False)
                return
            read, limit = look.rows + len(items), self._listing.limit
            is_last = _is_last(page, read)
            if is_last or (limit is not None and read >= limit):
                if self._pages > 1 and not self._listing.is_unchanged():
                    raise _ListChanged
                # behind a limit, or in a list that ends before its length, something may be out of
                # sight that is not gone
                is_all = look.total is None or read >= look.total
                is_whole = is_last and is_all and (limit is None or read <= limit)
                end = None if limit is None else limit - look.rows
                yield self._end(look, items[:end], is_whole=is_whole)
                return
            place = _place_after(page, read)
            if not items or place == look.place:
                raise _ListChanged
            rows = self._rows(look, items)
            look.rows, look.place = read, place
            yield Answer(rows, {f"unfinished/{self._listing.key}": look})
            page = self._page(look.place)

    def _page(self, place: Place) -> Json:
        wanted = PAGE if self._listing.limit is None else min(PAGE, self._listing.limit)
        self._pages += 1
        page = self._client.call(
            self._listing.name, lambda spotify: self._listing.ask(spotify, wanted, place)
        )
        if not isinstance(page.get("items"), list) and page.get("total") != 0:
            raise TypeError(f"a page of {self._listing.name} without items")
        return page

    def _begun(self, page: Json) -> _Look:
        items = page.get("items") or []
        a_tick_later = [moment + timedelta(microseconds=1) for moment in self._looks_before]
        self.began_at = max([self._clock.now(), *a_tick_later])
        return _Look(
            self.began_at,
            page.get("total"),
            self._listing.identity(items[0] or {}) if items else "",
            self._listing.snapshot_id,
        )

    def _checked(self, page: Json, look: _Look) -> list[Json]:
        """The entries of a page.

        Raises:
            _ListChanged: it does not fit to the pages before.
        """
        items = [item or {} for item in page.get("items") or []]
        # of entries that are null, or have no id, each looks like the next
        identities = [id_ for id_ in map(self._listing.identity, items) if id_]
        if self._listing.may_repeat:
            identities = [" ".join(identities)] if identities else []
        if page.get("total") != look.total or not self._seen.isdisjoint(identities):
            raise _ListChanged
        self._seen.update(identities)
        return items

    def _added_before_known(self, items: list[Json], look: _Look) -> int | None:
        """How many of the entries are new, if that explains how the list has grown."""
        if not self._listing.is_latest_first or not self._last or not self._last.first:
            return None
        if look.total is None or self._last.total is None:
            return None
        added = look.total - self._last.total - look.rows
        if 0 <= added < len(items) and self._listing.identity(items[added]) == self._last.first:
            return added
        return None

    def _rows(self, look: _Look, items: list[Json]) -> list[tuple[str, Row]]:
        own = {"listener": self._client.listener, "observed_at": look.observed_at}
        if self._listing.list_id:
            own |= {"playlist_id": self._listing.list_id, "snapshot_id": look.snapshot_id}
        return [
            (self._listing.name, {**self._listing.row(item), **own, "position": position})
            for position, item in enumerate(items, look.rows)
        ]

    def _end(self, look: _Look, items: list[Json], *, is_whole: bool) -> Answer:
        observation = {
            "listener": self._client.listener,
            "list_name": self._listing.name,
            "list_id": self._listing.list_id,
            "snapshot_id": look.snapshot_id,
            "observed_at": look.observed_at,
            "total": look.rows + len(items),
            "is_whole": is_whole,
        }
        return Answer(
            [*self._rows(look, items), ("list_observations", observation)],
            {f"list/{self._listing.key}": look, f"unfinished/{self._listing.key}": None},
        )


def _is_last(page: Json, read: int) -> bool:
    """Whether a page ends its list: by what it says of the next one, else by the list's length.

    Args:
        page: Spotify's.
        read: entries up to its end.
    """
    total, items = page.get("total"), page.get("items")
    if not items and (total is None or read >= total):
        return True
    if "next" in page:
        return page["next"] is None
    if "cursors" in page:
        return not (page["cursors"] or {}).get("after")
    return total is not None and read >= total


def _place_after(page: Json, read: int) -> Place:
    """Where the next page begins: at the cursor, or where the page itself says, else behind it."""
    after: str | None = (page.get("cursors") or {}).get("after")
    asked = parse_qs(urlsplit(page.get("next") or "").query)
    after = after or asked.get("after", [None])[0]
    return after or int(asked.get("offset", [read])[0])


def _remembered(value: Any) -> _Look | None:
    return msgspec.convert(value, _Look) if value else None
