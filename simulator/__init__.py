"""One imaginary listener's world: the exports Spotify would send, and the truth behind them.

    world = simulator.imagine(plays=3_000, seed=7)
    parts = [Extended("extended_2026", until=date(2026, 1, 1)), Account(until=date(2026, 2, 1))]
    simulator.write_export(world, Path("my_spotify_data.zip"), parts)
    simulator.expected_plays(world, parts)  # what a warehouse should hold after loading the zip

catalogue (what exists) and life (where they live) → listener (true plays) → records (with the
noise of Spotify's books) → exports (files), truth (what they show of the plays).
"""

from simulator.demo import demo, demo_world
from simulator.exports import (
    Account,
    Export,
    Extended,
    Part,
    write_export,
    write_listening_history,
)
from simulator.listener import TruePlay
from simulator.records import NO_QUIRKS, Quirks
from simulator.truth import ExpectedPlay, expected_plays, retries_in_account_alone
from simulator.world import World, imagine

__all__ = [
    "NO_QUIRKS",
    "Account",
    "ExpectedPlay",
    "Export",
    "Extended",
    "Part",
    "Quirks",
    "TruePlay",
    "World",
    "demo",
    "demo_world",
    "expected_plays",
    "imagine",
    "retries_in_account_alone",
    "write_export",
    "write_listening_history",
]
