"""What a warehouse should hold once it has loaded some exports of a world."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from simulator.exports import Account, Extended, Part, name_in
from simulator.listener import TruePlay
from simulator.records import Record
from simulator.world import World


@dataclass(frozen=True, slots=True)
class ExpectedPlay:
    """A true play as it shows through exports.

    Attributes:
        play: What happened.
        ended_at: UTC; only the minute (seconds are 0) where account data alone tells of it.
        item_name: What the latest export that holds the play calls its track, episode or chapter.
        in_extended: Whether extended history holds it.
        in_account: Whether account data does.
    """

    play: TruePlay
    ended_at: datetime
    item_name: str | None
    in_extended: bool
    in_account: bool

    @property
    def uri(self) -> str | None:
        """Spotify's URI; None where account data alone, which has but names, tells of the play."""
        return self.play.uri if self.in_extended else None

    @property
    def ms_played(self) -> int:
        """Milliseconds heard."""
        return self.play.ms_played

    @property
    def is_counted(self) -> bool:
        """Whether the default policy counts it."""
        return self.play.is_counted

    @property
    def key(self) -> tuple[datetime, str | None, int]:
        """What a test compares as a multiset."""
        return self.ended_at, self.item_name, self.ms_played


def expected_plays(world: World, parts: Iterable[Part]) -> list[ExpectedPlay]:
    """The plays that the exports' parts show, sorted by `ended_at`.

    Account data is DISTINCT on minute, names and length, so of plays alike in these only the
    first shows where extended history does not hold them.
    """
    parts = sorted(parts, key=lambda part: part.until or date.max)
    seen: set[tuple[datetime, str | None, str | None, int]] = set()
    shown = []
    for play in world.plays:
        holding = [part for part in parts if part.holds(play, play.ended_at)]
        if not holding:
            continue
        in_extended = any(isinstance(part, Extended) for part in holding)
        minute = _minute(play.ended_at)
        likeness = (minute, play.creator_name, name_in(holding[-1], play.item), play.ms_played)
        if in_extended or likeness not in seen:
            shown.append(
                ExpectedPlay(
                    play=play,
                    ended_at=play.ended_at if in_extended else minute,
                    item_name=name_in(holding[-1], play.item),
                    in_extended=in_extended,
                    in_account=any(isinstance(part, Account) for part in holding),
                )
            )
        seen.add(likeness)
    return sorted(shown, key=lambda expected: expected.ended_at)


def retries_in_account_alone(world: World, parts: Sequence[Part]) -> list[Record]:
    """Retries that no extended history shows, in minutes other than their play's.

    Without seconds they can hardly be told from plays: a warehouse may count them.
    """
    return [
        record
        for record in world.records
        if record.noise == "retry"
        and _minute(record.ended_at) != _minute(record.play.ended_at)
        and {type(part) for part in parts if part.holds(record.play, record.ended_at)} == {Account}
    ]


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0)
