"""The simulated Spotify's time, which tests move as they like."""

from datetime import UTC, datetime, timedelta
from time import monotonic


class Clock:
    """Stands still until it is moved, or ticks on from where it was set.

    Args:
        now: Aware; kept as UTC.
        ticking: Whether time passes by itself.
    """

    def __init__(self, now: datetime, *, ticking: bool = False) -> None:
        self._ticking = ticking
        self.now = now

    @property
    def now(self) -> datetime:
        """The instant, UTC. May be set to any aware datetime, past ones too."""
        if not self._ticking:
            return self._set_to
        return self._set_to + timedelta(seconds=monotonic() - self._set_at)

    @now.setter
    def now(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError(f"{instant} has no time zone")
        self._set_to = instant.astimezone(UTC)
        self._set_at = monotonic()

    def advance(self, by: timedelta | float) -> None:
        """Move on by a timedelta, or by seconds."""
        self.now += by if isinstance(by, timedelta) else timedelta(seconds=by)


def in_milliseconds(instant: datetime) -> int:
    """Unix time in milliseconds, as the Web API's cursors count it."""
    return round(instant.timestamp() * 1000)


def as_told(instant: datetime) -> str:
    """Whole seconds and a Z, as the Web API writes the times at which things were added."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def as_told_exactly(instant: datetime) -> str:
    """Milliseconds and a Z, as `played_at` is written."""
    return f"{instant.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
