"""Recently played: the latest 50 plays, which is all that Spotify ever tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from ingestion.spotify_api.spool import Answer, Row, stored
from ingestion.spotify_api.state import Memory

if TYPE_CHECKING:
    # who only compares plays with those that are known need not wait for spotipy
    from ingestion.spotify_api.client import Clock, Json, SpotifyClient

_PAGE: Final = 50

_NO_PLAY: Final = (AttributeError, LookupError, TypeError, ValueError)


class PlayKey(NamedTuple):
    """What makes a play one: when it ended (aware UTC, to the millisecond) and of which track.

    Measured: even plays of one track that lie seconds apart differ in it.
    """

    played_at: datetime
    track: str
    """The track's id; a local file has none and is known by its URI."""


def key_of(play: Row) -> PlayKey:
    """The key of a row of `recently_played`, or of an item of Spotify's answer."""
    track = play.get("track") or {}
    played_at = datetime.fromisoformat(play["played_at"])
    return PlayKey(
        played_at if played_at.tzinfo else played_at.replace(tzinfo=UTC),
        track.get("id") or track.get("uri") or "",
    )


def _keyed(page: Json) -> dict[PlayKey, Json]:
    """The plays of a page; what has no key is none."""
    plays: dict[PlayKey, Json] = {}
    for item in page.get("items") or []:
        with suppress(*_NO_PLAY):
            plays[key_of(item)] = item
    return plays


def _unkeyed(page: Json) -> list[Json]:
    """What has no time, or is no play at all."""
    odd = []
    for item in page.get("items") or []:
        try:
            key_of(item)
        except _NO_PLAY:
            odd += [stored(item)] if item else []
    return odd


class _Search(msgspec.Struct):
    """How far back a poll has come; remembered when it may break off.

    Attributes:
        last: when the newest play ended that was known before the poll.
        oldest: when the oldest play ended that the poll has seen.
        before: Spotify's cursor of the next page; None for the latest plays.
        remaining: plays that may still be asked for; None for no limit.
        polls: pages seen.
    """

    last: datetime | None
    oldest: datetime | None = None
    before: int | None = None
    remaining: int | None = None
    polls: int = 0


def recently_played(
    client: SpotifyClient,
    clock: Clock,
    memory: Memory,
    known: Set[PlayKey],
    *,
    limit: int | None = None,
    everything: bool = False,
) -> Iterator[Answer]:
    """Plays that are not known yet.

    Spotify is asked for the latest plays, not for those after the last one known: plays made
    offline arrive late, among older ones. Older pages follow until one ends with what is known.
    When plays were known, yet none of them is on a full page, some may be lost: a row of
    `collection_gaps` says between when.

    Args:
        client: whose plays.
        clock: says when an answer came.
        memory: `plays/last`, the newest play known; `plays/unread`, where a poll broke off;
            `plays/odd`, what was among the latest and is no play, which is set aside once.
        known: at least the plays that came last.
        limit: of plays; None is all that Spotify has.
        everything: go on behind what is known, as far as Spotify goes.
    """
    if memory["plays/unread"]:
        broken_off = msgspec.convert(memory["plays/unread"], _Search)
        yield from _page_back(client, clock, memory, known, broken_off, everything=everything)
    search = _Search(last=memory.time("plays/last"), remaining=limit)
    yield from _page_back(client, clock, memory, known, search, everything=everything)


def _page_back(
    client: SpotifyClient,
    clock: Clock,
    memory: Memory,
    known: Set[PlayKey],
    search: _Search,
    *,
    everything: bool,
) -> Iterator[Answer]:
    known = frozenset(known)  # as it was before this search
    found: set[PlayKey] = set()
    while True:
        size = _PAGE if search.remaining is None else min(_PAGE, search.remaining)
        page = _ask(client, size, search.before)
        items, odd = _keyed(page), _unkeyed(page)
        seen = {"listener": client.listener, "observed_at": clock.now()}
        rows: list[tuple[str, Row]] = [
            ("recently_played", stored(item) | seen)
            for key, item in items.items()
            if key not in known and key not in found
        ]
        found.update(items)
        changes = {
            "plays/last": max([*_ends(items), *_given(memory.time("plays/last"))], default=None)
        }
        if odd and odd != memory["plays/odd"]:
            reason = "a play without a time"
            yield Answer(
                [], {"plays/odd": odd}, [("recently_played", item, reason) for item in odd]
            )
        older = _older(page)
        if search.before is not None and older is not None and older >= search.before:
            yield Answer(rows, changes)  # the page before, once more: the next run asks again
            return
        search.polls += 1
        search.before = older
        search.oldest = min([*_ends(items), *_given(search.oldest)], default=None)
        if search.remaining is not None:
            search.remaining -= len(items)
        # a page that is shorter than asked for is the last only if it says so
        is_full = len(page.get("items") or []) >= size or page.get("next") is not None
        ends_known = bool(items) and min(items) in known
        goes_on = is_full and older is not None and search.remaining != 0
        if goes_on and (everything or not ends_known):
            yield Answer(rows, changes | {"plays/unread": search})
            continue
        may_have_lost = (is_full or search.polls > 1) and known.isdisjoint(items)
        if may_have_lost and _lies_after(search.oldest, search.last):
            gap = {"gap_from": search.last, "gap_to": search.oldest, "polls": search.polls}
            rows.append(("collection_gaps", seen | gap))
        yield Answer(rows, changes | {"plays/unread": None})
        return


def _ends(keys: Iterable[PlayKey]) -> list[datetime]:
    return [key.played_at for key in keys]


def _given(moment: datetime | None) -> list[datetime]:
    return [] if moment is None else [moment]


def _ask(client: SpotifyClient, size: int, before: int | None) -> Json:
    return client.call(
        "recently_played",
        lambda spotify: spotify.current_user_recently_played(limit=size, before=before),
    )


def _older(page: Json) -> int | None:
    """The cursor of the page before, in Unix milliseconds."""
    cursor = (page.get("cursors") or {}).get("before")
    if not cursor:
        (cursor,) = parse_qs(urlsplit(page.get("next") or "").query).get("before", [None])
    return int(cursor) if cursor else None


def _lies_after(oldest: datetime | None, last: datetime | None) -> bool:
    return oldest is not None and last is not None and oldest > last
