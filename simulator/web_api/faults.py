"""What goes wrong on demand: Spotify's own refusals, and a network that does its worst."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from random import Random
from typing import Literal, get_args

from simulator.dice import below, pick

FaultKind = Literal[
    "rate_limited",  # 429, Retry-After 1 to 5 s
    "rate_limited_for_a_day",  # 429, Retry-After 50,000 s and more; holds until then
    "quota_exceeded",  # 429 with that reason and no Retry-After; holds until midnight UTC
    "server_error",  # 500, 502 or 503
    "slow",  # the right answer, after the client's patience
    "cut",  # the connection is closed in mid-body
    "malformed",  # 200, but not JSON
    "expired_token",  # 401, and no access token is valid any longer
    "forbidden",  # 403
    "revoked",  # 401, and the listener's sign-in is over
    "playlist_changes",  # the playlist is rearranged before this page of it is read
    "duplicate_page",  # the page before is sent once more in place of this one
]
EVERYWHERE = "/v1/*"


@dataclass
class Fault:
    """One thing that will go wrong.

    Attributes:
        paths: Which requests, as a glob over the path: `/v1/me/*`.
        times: How often it still strikes; None is without end.
        probability: Of each matching request, 0 to 1.
        retry_after: Seconds for a 429; drawn where None.
        status: For a server error; drawn where None.
        delay_seconds: Of a slow answer, in real time.
    """

    kind: FaultKind
    paths: str = EVERYWHERE
    times: int | None = 1
    probability: float = 1.0
    retry_after: int | None = None
    status: int | None = None
    delay_seconds: float = 5.0

    def matches(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether a request is one that it can strike, and that it would mean something to."""
        if self.times == 0 or not fnmatchcase(path, self.paths):
            return False
        if self.kind == "playlist_changes":
            return path.startswith("/v1/playlists/")
        if self.kind == "duplicate_page":
            return query.get("offset", "0") != "0" or "after" in query or "before" in query
        return True


@dataclass
class Faults:
    """What goes wrong, in the order in which it was asked for; chance comes from a seed.

    Attributes:
        held_until: Until when every call is refused, once a day-long limit was reached.
        held_kind: Which of the limits that was.
    """

    held_until: datetime | None = None
    held_kind: FaultKind = "rate_limited_for_a_day"
    _planned: list[Fault] = field(default_factory=list)
    _rng: Random = field(default_factory=lambda: Random(0))  # noqa: S311 a simulation

    def next(
        self,
        kind: FaultKind,
        *,
        paths: str = EVERYWHERE,
        times: int | None = 1,
        probability: float = 1.0,
        retry_after: int | None = None,
        status: int | None = None,
        delay_seconds: float = 5.0,
    ) -> None:
        """Let the next matching requests fail; see `Fault` for the arguments.

        Raises:
            ValueError: there is no fault of that kind.
        """
        if kind not in get_args(FaultKind):
            raise ValueError(f"{kind!r}: none of {', '.join(get_args(FaultKind))}")
        self.add(Fault(kind, paths, times, probability, retry_after, status, delay_seconds))

    def add(self, fault: Fault) -> None:
        """Plan a fault that is already described."""
        self._planned.append(fault)

    def at_random(
        self,
        probabilities: Mapping[FaultKind, float],
        *,
        seed: int,
        paths: str = EVERYWHERE,
        delay_seconds: float = 5.0,
    ) -> None:
        """Let every matching request fail with some probability by kind, the same by seed."""
        self._rng.seed(seed)
        for kind, probability in probabilities.items():
            self.next(
                kind,
                paths=paths,
                times=None,
                probability=probability,
                delay_seconds=delay_seconds,
            )

    def clear(self) -> None:
        """Let all go well again."""
        self._planned.clear()
        self.held_until = None

    def hold(self, until: datetime, kind: FaultKind) -> None:
        """Refuse every call before an instant, as Spotify does after a day-long limit."""
        self.held_until, self.held_kind = until, kind

    def is_held(self, now: datetime) -> bool:
        """Whether calls are refused at an instant."""
        return self.held_until is not None and now < self.held_until

    def strike(self, path: str, query: Mapping[str, str]) -> Fault | None:
        """The fault of a request, if it is to have one."""
        for fault in self._planned:
            if fault.matches(path, query) and self._rng.random() < fault.probability:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def retry_after(self, fault: Fault) -> int:
        """Seconds to wait; of the sizes that Spotify was seen to ask for."""
        if fault.retry_after is not None:
            return fault.retry_after
        return 1 + below(self._rng, 5) if fault.kind == "rate_limited" else self._long_wait()

    def status(self, fault: Fault) -> int:
        """Of a server error."""
        return fault.status or pick(self._rng, (500, 502, 503))

    def _long_wait(self) -> int:
        return 50_000 + below(self._rng, 36_000)
