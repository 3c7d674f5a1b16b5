"""What every test shares: nothing of the user's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# how long an example takes says something of the machine, and nothing of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hashes of files are kept in a cache folder of the tests' own, by subprocesses too."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        yield
