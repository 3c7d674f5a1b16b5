"""Killed at any moment, the next run ends in the same marts as an undisturbed one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulator import Extended, imagine, write_export
from tests.marts.conftest import Home, Marts


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An export, and a later one that holds it."""
    folder = tmp_path_factory.mktemp("exports")
    world = imagine(2_000, seed=31)
    write_export(
        world, folder / "first.zip", [Extended("extended_2026", world.plays[1_500].ended_at.date())]
    )
    write_export(world, folder / "second.zip", [Extended("extended_2026")])
    return folder / "first.zip", folder / "second.zip"


@pytest.fixture(scope="module")
def undisturbed(
    exports: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Marts]:
    """The warehouse after the first export, and the marts after the second."""
    home = Home(tmp_path_factory.mktemp("undisturbed"))
    home.ingest(exports[0])
    home.build(tested=False)
    after_first = home.folder / "after_first.duckdb"
    shutil.copy(home.duckdb_path, after_first)
    home.ingest(exports[1])
    home.build(tested=False)
    return after_first, home.marts()


@pytest.mark.parametrize("tables", [1, 21, 28])
def test_a_run_killed_while_dbt_builds_is_finished_by_the_next(
    home: Home, exports: tuple[Path, Path], undisturbed: tuple[Path, Marts], tables: int
) -> None:
    after_first, expected = undisturbed
    shutil.copy(after_first, home.duckdb_path)

    home.kill(home.start("run", EXPORT=str(exports[1])), after_tables=tables)

    again = home.start("run", EXPORT=str(exports[1]))
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0, output
    assert home.marts() == expected
