"""One listener's world: what exists, how they lived, what they played, what the books say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from simulator import catalogue, life
from simulator.catalogue import Catalogue
from simulator.life import Life
from simulator.listener import TruePlay, listen
from simulator.records import Quirks, Record, recorded

START = date(2020, 1, 1)
END = date(2026, 2, 1)


@dataclass(frozen=True)
class World:
    """Everything about one listener. The same seed and arguments make the same world.

    Attributes:
        plays: The truth: what really happened, sorted by `ended_at`.
        records: What Spotify recorded of it, noise included, sorted by `ended_at`.
    """

    seed: int
    catalogue: Catalogue = field(repr=False)
    life: Life = field(repr=False)
    plays: tuple[TruePlay, ...] = field(repr=False)
    records: tuple[Record, ...] = field(repr=False)


def imagine(
    plays: int = 20_000,
    *,
    seed: int = 7,
    start: date = START,
    end: date = END,
    quirks: Quirks = Quirks(),  # noqa: B008 frozen, so it can be shared
    artists: int = catalogue.ARTISTS,
) -> World:
    """A world of exactly so many plays between two days.

    More artists make a larger catalogue, of which more is heard: 75,000 plays of 1,100 artists
    mention over 10,000 tracks.
    """
    known, lived = _setting(seed, start, end, quirks, artists)
    truth = tuple(listen(seed, known, lived, plays))
    return World(seed, known, lived, truth, tuple(recorded(seed, truth, quirks)))


def stream_records(
    plays: int, *, seed: int, start: date, end: date, quirks: Quirks
) -> Iterator[Record]:
    """The records of the world that `imagine` would make, one at a time, none kept."""
    known, lived = _setting(seed, start, end, quirks)
    return recorded(seed, listen(seed, known, lived, plays), quirks)


def _setting(
    seed: int, start: date, end: date, quirks: Quirks, artists: int = catalogue.ARTISTS
) -> tuple[Catalogue, Life]:
    known = catalogue.invent(
        seed, since=start, until=end, renamed_share=quirks.renamed_tracks, artists=artists
    )
    return known, life.imagine(seed, start, end)
