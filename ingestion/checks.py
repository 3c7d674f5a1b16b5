"""One thing that `doctor` looked at, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One thing looked at. `told` is what was found; of something bad, with its cure."""

    name: str
    state: Literal["good", "bad", "unknown"]
    told: str
