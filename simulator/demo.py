"""The exports for someone who has none: six years of one life, as three mails from Spotify."""

from datetime import date
from pathlib import Path

from simulator.exports import Account, Export, Extended, write_export
from simulator.world import World, imagine

PLAYS = 40_000
SEED = 11


def demo_world() -> World:
    """The world behind the demo: 40,000 plays from 2020 to the end of January 2026."""
    return imagine(PLAYS, seed=SEED)


def demo(output: Path, world: World | None = None) -> list[Export]:
    """Write two overlapping histories of different eras, and account data that ends later.

    Args:
        output: Folder for the three zips.
        world: The demo's own when not given.
    """
    world = world or demo_world()
    return [
        write_export(
            world,
            output / "my_spotify_data_2023.zip",
            [Extended("extended_2023", until=date(2023, 11, 14))],
        ),
        write_export(
            world,
            output / "my_spotify_data.zip",
            [Extended("extended_2026", until=date(2026, 1, 9))],
        ),
        write_export(
            world, output / "my_spotify_data_account.zip", [Account(until=date(2026, 2, 1))]
        ),
    ]
