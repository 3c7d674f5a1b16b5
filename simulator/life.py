"""Where the listener lives and travels, and when the clocks change there."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from simulator.dice import below, dice, pick

DESTINATIONS = (
    ("GB", "Europe/London"),
    ("JP", "Asia/Tokyo"),
    ("IN", "Asia/Kolkata"),
    ("ES", "Europe/Madrid"),
    ("ZA", "Africa/Johannesburg"),
    ("AU", "Australia/Sydney"),
    ("IS", "Atlantic/Reykjavik"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to be from an instant (UTC) on: an ISO country and an IANA zone."""

    since: datetime
    country: str
    zone: str


@dataclass(frozen=True)
class Life:
    """A stretch of years, the homes in it (the first from its start), and the trips away.

    `whereabouts` follows the listener everywhere; `homes` leaves out the trips, as a person would
    who tells a warehouse where they lived.
    """

    start: date
    end: date
    homes: tuple[Place, ...]
    whereabouts: tuple[Place, ...]

    def home_at(self, instant: datetime) -> Place:
        """Where the listener lives at an instant."""
        return _latest(self.homes, instant)

    def place_at(self, instant: datetime) -> Place:
        """Where the listener is at an instant, trips included."""
        return self.whereabouts[bisect_right(self._changes, instant) - 1]

    def days(self) -> Iterator[date]:
        """Every day of the life."""
        for number in range((self.end - self.start).days):
            yield self.start + timedelta(days=number)

    def clock_change(self, day: date) -> datetime | None:
        """The instant (UTC) at which the clocks change on a local day, if they do."""
        zone = ZoneInfo(self.place_at(_noon(day)).zone)
        before = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        offset = before.astimezone(zone).utcoffset()
        if (before + timedelta(hours=26)).astimezone(zone).utcoffset() == offset:
            return None
        quarters = (before + timedelta(minutes=15 * quarter) for quarter in range(96))
        return next((at for at in quarters if at.astimezone(zone).utcoffset() != offset), None)

    @cached_property
    def _changes(self) -> list[datetime]:
        return [place.since for place in self.whereabouts]


def imagine(seed: int, start: date, end: date) -> Life:
    """A life that starts in Oslo, moves to New York after three fifths, and travels now and then.

    Moves and trips begin at midnight UTC.
    """
    rng = dice(seed, "life")
    move = start + timedelta(days=(end - start).days * 3 // 5)
    homes = (
        Place(_midnight(start) - timedelta(days=2), "NO", "Europe/Oslo"),
        Place(_midnight(move), "US", "America/New_York"),
    )
    whereabouts = [homes[0]]
    day = start + timedelta(days=40 + below(rng, 90))
    while day < end:
        back = day + timedelta(days=4 + below(rng, 9))
        # a trip across the day of the move would make two stories of one
        if not day - timedelta(days=3) <= move <= back + timedelta(days=3):
            country, zone = pick(rng, DESTINATIONS)
            whereabouts.append(Place(_midnight(day), country, zone))
            home = _latest(homes, _midnight(day))
            whereabouts.append(Place(_midnight(back), home.country, home.zone))
        day = back + timedelta(days=90 + below(rng, 140))
    whereabouts.append(homes[1])
    return Life(start, end, homes, tuple(sorted(whereabouts, key=lambda place: place.since)))


def _latest(places: Sequence[Place], instant: datetime) -> Place:
    return [place for place in places if place.since <= instant][-1]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _noon(day: date) -> datetime:
    return _midnight(day) + timedelta(hours=12)
