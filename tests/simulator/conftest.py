"""Worlds that several tests look at; none of them changes one."""

import pytest

from simulator import World, demo_world, imagine


@pytest.fixture(scope="session")
def world() -> World:
    return imagine(3_000, seed=7)


@pytest.fixture(scope="session")
def long_life() -> World:
    """The demo's world: enough plays to measure rates."""
    return demo_world()
