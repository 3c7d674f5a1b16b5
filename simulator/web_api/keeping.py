"""What a listener keeps, and since when: saved music, followed artists, playlists.

People keep what they play, and let go of some of it again. All of it is a function of time, so
that Spotify can be asked what was true at any instant.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from random import Random
from typing import Literal, get_args

from simulator.catalogue import (
    Album,
    Artist,
    Audiobook,
    Catalogue,
    Chapter,
    Episode,
    Show,
    Track,
    invent_id,
)
from simulator.dice import dice, pick
from simulator.world import World

Kind = Literal["tracks", "albums", "artists", "shows", "episodes", "audiobooks"]
Keepable = Track | Album | Artist | Show | Episode | Audiobook

# About how many of each kind a listener comes to keep, if they hear enough: any play of 30 seconds
# and more may make them keep its item.
SAVED = {"tracks": 240, "albums": 60, "artists": 90, "shows": 8, "episodes": 30, "audiobooks": 4}
MOST_SAVED_SHARE = 0.2
LET_GO_SHARE = 0.15

OWN_PLAYLISTS = (
    "Morning tram",
    "Sunday soup",
    "Loud & clear",
    "For the long drive",
    "Rain on the roof",
    "Kitchen, 2 a.m.",
    "Only once",
)
FRIEND = "example-friend-1"
EDITORS = "example-editors"
# About how many songs come into playlists over a life.
ADDED = 700
ADDED_AGAIN_SHARE = 0.1
TAKEN_OUT_SHARE = 0.3
TAKEN_DOWN_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Kept:
    """Something kept from an instant on, until it is let go."""

    item: Keepable
    since: datetime
    until: datetime | None

    def is_kept(self, now: datetime) -> bool:
        """Whether it is kept at an instant."""
        return self.since <= now and (self.until is None or now < self.until)


Keepsakes = dict[Kind, list[Kept]]


def keepsakes(world: World) -> Keepsakes:
    """Everything a listener ever saves or follows, by kind, oldest first."""
    rng = dice(world.seed, "web api keepsakes")
    kept: Keepsakes = {kind: [] for kind in get_args(Kind)}
    seen: set[str] = set()
    plays = [play for play in world.plays if play.is_counted]
    heard = Counter(type(play.item) for play in plays)
    for play in plays:
        for kind, item in _keepable(play.item):
            share = min(MOST_SAVED_SHARE, SAVED[kind] / heard[type(play.item)])
            if rng.random() < share and item.uri not in seen:
                seen.add(item.uri)
                kept[kind].append(Kept(item, play.ended_at, _let_go(rng, play.ended_at)))
    return kept


def _keepable(item: object) -> Iterator[tuple[Kind, Keepable]]:
    if isinstance(item, Track):
        yield from (("tracks", item), ("albums", item.album), ("artists", item.artist))
    elif isinstance(item, Episode):
        yield from (("shows", item.show), ("episodes", item))
    elif isinstance(item, Chapter):
        yield "audiobooks", item.audiobook


def _let_go(rng: Random, since: datetime, share: float = LET_GO_SHARE) -> datetime | None:
    days = 2 + 400 * rng.random()
    return since + timedelta(seconds=int(days * 86_400)) if rng.random() < share else None


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the listener's own in a playlist: Spotify has no id for it."""

    title: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A track's time in a playlist. The item is None where Spotify took it down."""

    item: Track | Episode | LocalFile | None
    added_at: datetime
    removed_at: datetime | None
    added_by: str

    def is_in(self, now: datetime) -> bool:
        """Whether the playlist holds it at an instant."""
        return self.added_at <= now and (self.removed_at is None or now < self.removed_at)


@dataclass
class Playlist:
    """A playlist with its history.

    Attributes:
        owner: The user's id.
        listed_from, listed_until: When it stands among the listener's playlists.
        entries: All that were ever in it, in the order in which they were added.
    """

    id: str
    name: str
    owner: str
    listed_from: datetime
    listed_until: datetime | None = None
    is_collaborative: bool = False
    entries: list[Entry] = field(default_factory=list)

    def is_listed(self, now: datetime) -> bool:
        """Whether the listener has it among their playlists at an instant."""
        return self.listed_from <= now and (self.listed_until is None or now < self.listed_until)

    def entries_at(self, now: datetime) -> list[Entry]:
        """What it holds at an instant, in order."""
        return [entry for entry in self.entries if entry.is_in(now)]

    def snapshot_id(self, now: datetime) -> str:
        """Another one after every change."""
        changes = sum(
            (entry.added_at <= now) + (entry.removed_at is not None and entry.removed_at <= now)
            for entry in self.entries
        )
        digest = sha1(f"{self.id} {changes}".encode(), usedforsecurity=False).hexdigest()
        return b64encode(f"{changes},{digest}".encode()).decode()

    def rearrange(self, now: datetime) -> None:
        """Move the first track to the end, as somebody may who listens while it is read."""
        current = self.entries_at(now)
        if current:
            first = current[0]
            self.entries[self.entries.index(first)] = replace(first, removed_at=now)
            self.entries.append(replace(first, added_at=now, removed_at=None))


def playlists(world: World, user_id: str) -> list[Playlist]:
    """All playlists a listener ever has: their own, and some that they share or follow."""
    rng = dice(world.seed, "web api playlists")
    own = _own(rng, world, user_id)
    _add_what_is_played(rng, world, own)
    followed = [
        _made_by_others(rng, world.catalogue, "Borrowed songs", FRIEND, since, each_week=0)
        for since in (_at(world, 0.3),)
    ]
    followed.append(
        _made_by_others(
            rng, world.catalogue, "New this week", EDITORS, _at(world, 0.5), each_week=10
        )
    )
    return own + followed


def _own(rng: Random, world: World, user_id: str) -> list[Playlist]:
    """Made one after the other; the last is given up again, one belongs to a friend as well."""
    made = [
        Playlist(invent_id(rng), name, user_id, _at(world, 0.6 * number / len(OWN_PLAYLISTS)))
        for number, name in enumerate(OWN_PLAYLISTS)
    ]
    made[-1].listed_until = _at(world, 0.8)
    shared = Playlist(invent_id(rng), "Both of us", FRIEND, _at(world, 0.4), is_collaborative=True)
    for playlist in (*made[::3], shared):
        title = f"Rehearsal {playlist.name.split()[0]}"
        entry = Entry(LocalFile(title), playlist.listed_from, None, playlist.owner)
        playlist.entries.append(entry)
    return [*made, shared]


def _add_what_is_played(rng: Random, world: World, made: Sequence[Playlist]) -> None:
    """Songs that are heard, and an episode now and then, go into playlists, the oldest most."""
    plays = [play for play in world.plays if play.is_counted]
    share = min(MOST_SAVED_SHARE, ADDED / len(plays))
    for play in plays:
        playlist = made[int(len(made) * rng.random() ** 2)]
        wanted = rng.random() < share and playlist.is_listed(play.ended_at)
        if not wanted or not isinstance(play.item, Track | Episode):
            continue
        is_there = any(entry.item == play.item for entry in playlist.entries_at(play.ended_at))
        if is_there and rng.random() >= ADDED_AGAIN_SHARE:
            continue
        item = play.item if rng.random() >= TAKEN_DOWN_SHARE else None
        removed_at = _let_go(rng, play.ended_at, TAKEN_OUT_SHARE)
        playlist.entries.append(Entry(item, play.ended_at, removed_at, playlist.owner))


def _made_by_others(
    rng: Random,
    catalogue: Catalogue,
    name: str,
    owner: str,
    since: datetime,
    *,
    each_week: int,
    size: int = 50,
    weeks: int = 260,
) -> Playlist:
    """A full playlist, of which some of the oldest tracks give way to others each week."""
    playlist = Playlist(invent_id(rng), name, owner, since)
    added = [since] * size + [
        since + timedelta(weeks=week + 1) for week in range(weeks) for _ in range(each_week)
    ]
    for number, added_at in enumerate(added):
        later = number + size
        removed_at = added[later] if later < len(added) else None
        entry = Entry(pick(rng, catalogue.tracks), added_at, removed_at, owner)
        playlist.entries.append(entry)
    return playlist


def _at(world: World, share: float) -> datetime:
    """The instant after a share of a life, in whole seconds UTC."""
    start = datetime(
        world.life.start.year, world.life.start.month, world.life.start.day, tzinfo=UTC
    )
    seconds = (world.life.end - world.life.start).days * 86_400
    return start + timedelta(seconds=int(share * seconds))
