"""Chance that can be repeated: every part of a world throws its own dice, all cut from one seed."""

from bisect import bisect
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def dice(seed: int, purpose: str) -> Random:
    """Independent throws for one purpose, so that one part's habits do not shift another's."""
    return Random(f"{seed}/{purpose}")  # noqa: S311 a simulation, not cryptography


def below(rng: Random, limit: int) -> int:
    """A whole number from 0 to limit - 1; several times as fast as `randrange`."""
    return int(rng.random() * limit)


def between(rng: Random, low: float, high: float) -> float:
    """A number between low and high, all equally likely."""
    return low + (high - low) * rng.random()


def pick(rng: Random, items: Sequence[T]) -> T:
    """One of the items, all equally likely."""
    return items[int(rng.random() * len(items))]


def weighted(rng: Random, items: Sequence[T], cumulative: Sequence[float]) -> T:
    """One of the items; `cumulative` holds the running sums of their weights."""
    return items[min(bisect(cumulative, rng.random() * cumulative[-1]), len(items) - 1)]
