"""What recently-played shows of a life, and when.

Measured on 5,661 plays of one listener beside their extended history: `played_at` is the end of
the play; it agrees with the history's `ts` within 1 s for 91 % and within 2 s for 97 %; some are
up to 30 minutes apart, nearly always the history later; 1.2 % have no row in the history.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from math import exp, log
from random import Random

from simulator.catalogue import Track
from simulator.dice import below, between, dice
from simulator.listener import TruePlay
from simulator.web_api.clock import in_milliseconds
from simulator.world import World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Only the latest fifty can ever be reached.
WINDOW = 50
#: "A track must be played for more than 30 seconds to be included in play history", as Spotify's
#: documentation of the endpoint said when it came out.
SHOWN_FROM_MS = 30_000
NO_EXPORT_ROW_SHARE = 0.012
WITHIN_ONE_SECOND = 0.91 / (1 - NO_EXPORT_ROW_SHARE)
WITHIN_TWO_SECONDS = 0.97 / (1 - NO_EXPORT_ROW_SHARE)
EXPORT_LATER_SHARE = 0.92
#: An added play fits between two others that are this far apart.
ROOM = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ShownPlay:
    """A play as the Web API tells it.

    Attributes:
        played_at_ms: Its end, Unix milliseconds; unique among a listener's plays.
        is_in_export: Whether extended history has a row for it.
    """

    played_at_ms: int
    track: Track
    is_in_export: bool

    @property
    def played_at(self) -> datetime:
        """Its end, UTC."""
        return EPOCH + timedelta(milliseconds=self.played_at_ms)


class Shown:
    """All plays of one listener that recently-played ever shows, in order of time."""

    def __init__(self, world: World) -> None:
        rng = dice(world.seed, "web api plays")
        told = list(_from_history(rng, world.plays))
        told += _without_export_row(rng, world.plays, round(len(told) * NO_EXPORT_ROW_SHARE))
        self.plays = list(_one_per_millisecond(told))

    def window(self, now: datetime) -> Sequence[ShownPlay]:
        """The plays that can be reached at an instant, oldest first, at most fifty."""
        end = bisect_right(self._ends, in_milliseconds(now))
        return self.plays[max(0, end - WINDOW) : end]

    def between(self, since: datetime, until: datetime) -> Sequence[ShownPlay]:
        """The plays that ended after one instant and not after another, oldest first."""
        start = bisect_right(self._ends, in_milliseconds(since))
        return self.plays[start : bisect_right(self._ends, in_milliseconds(until))]

    @cached_property
    def _ends(self) -> list[int]:
        return [play.played_at_ms for play in self.plays]


def _from_history(rng: Random, plays: Sequence[TruePlay]) -> Iterator[ShownPlay]:
    """Tracks heard for a while; no podcasts, no audiobooks, nothing of a private session."""
    for play in plays:
        if isinstance(play.item, Track) and play.ms_played >= SHOWN_FROM_MS and not play.incognito:
            ended_at_ms = in_milliseconds(play.ended_at)
            yield ShownPlay(ended_at_ms + _jitter_ms(rng), play.item, is_in_export=True)


def _jitter_ms(rng: Random) -> int:
    """`played_at` less the history's `ts`."""
    chance = rng.random()
    if chance < WITHIN_ONE_SECOND:
        return int(between(rng, -1_000, 1_000))
    sign = -1 if rng.random() < EXPORT_LATER_SHARE else 1
    if chance < WITHIN_TWO_SECONDS:
        return int(sign * between(rng, 1_000, 2_000))
    return int(sign * exp(between(rng, log(2_000), log(1_800_000))))


def _without_export_row(rng: Random, plays: Sequence[TruePlay], count: int) -> Iterator[ShownPlay]:
    """One more song after the last of a session, of which the history knows nothing."""
    last_ones = [
        play
        for play, following in pairwise(plays)
        if isinstance(play.item, Track) and following.started_at - play.ended_at > ROOM
    ]
    songs = [play.item for play in plays if isinstance(play.item, Track)]
    for play in rng.sample(last_ones, min(count, len(last_ones))):
        song = songs[below(rng, len(songs))]
        start = play.ended_at + timedelta(seconds=between(rng, 2, 60))
        yield ShownPlay(
            in_milliseconds(start) + song.duration_ms,
            song,
            is_in_export=False,
        )


def _one_per_millisecond(plays: Sequence[ShownPlay]) -> Iterator[ShownPlay]:
    """In order, and no two at once, for the cursors would pass over the second."""
    latest = 0
    for play in sorted(plays, key=lambda play: (play.played_at_ms, play.track.id)):
        latest = max(play.played_at_ms, latest + 1)
        yield ShownPlay(latest, play.track, play.is_in_export)
