"""What one export has brought is deleted as if it had never come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ingestion.errors import UserError
from ingestion.forget import forget
from tests.ingestion.conftest import Database, plays

CONSOLE = Console(quiet=True)

OLD, BOTH, NEW = (
    {f"Streaming_History_Audio_{year}.json": plays(20, first)}
    for year, first in ((2023, 0), (2024, 100), (2025, 200))
)
BAD = {"Streaming_History_Audio_2022.json": [*plays(3, 300), {"ts": "soon", "ms_played": 1}]}


@pytest.fixture
def first(export: Callable[..., Path]) -> Path:
    return export({**OLD, **BOTH, "Identity.json": {}}, "first.zip")


@pytest.fixture
def second(export: Callable[..., Path]) -> Path:
    return export({**BOTH, **BAD, **NEW}, "second.zip")


def content(database: Database, *exports: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the raw tables hold once these were loaded, one after the other."""
    for export in exports:
        database.load(export)
    return database.everything()


@pytest.mark.parametrize("is_there", [True, False], ids=["by its path", "by its name"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the older one", "the newer one"])
def test_it_is_as_if_the_export_had_never_come(
    first: Path, second: Path, order: tuple[int, int], tmp_path: Path, *, is_there: bool
) -> None:
    database, without = Database(tmp_path / "a.duckdb"), Database(tmp_path / "b.duckdb")
    forgotten, kept = ((first, second)[place] for place in order)
    content(database, first, second)
    expected = content(without, kept)
    settings = database.settings()
    if not is_there:
        forgotten.unlink()

    export = str(forgotten) if is_there else forgotten.name
    forget(CONSOLE, settings, "me", export, is_agreed=True)

    assert database.everything() == expected
    again = database.load(kept)
    assert not any(file.is_new for file in again.files)
    assert database.everything() == expected


def test_an_export_that_is_forgotten_can_come_again(
    first: Path, second: Path, database: Database
) -> None:
    both = content(database, first, second)
    forget(CONSOLE, database.settings(), "me", str(second), is_agreed=True)
    assert content(database, second) == both


def test_the_same_export_of_another_listener_stays(first: Path, database: Database) -> None:
    database.load(first, listener="mika")
    expected = database.everything()
    database.load(first)
    forget(CONSOLE, database.settings(), "me", str(first), is_agreed=True)
    database.query("delete from spotify_export.listeners where listener = 'me'")  # it stays
    assert database.everything() == expected


def test_nothing_is_deleted_unless_somebody_agrees(
    first: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(database, first)
    with pytest.raises(UserError, match="add --yes"):
        forget(CONSOLE, database.settings(), "me", None, is_agreed=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda _: False)
    with pytest.raises(UserError, match="nothing was deleted"):
        forget(CONSOLE, database.settings(), "me", None, is_agreed=False)
    assert database.everything() == before


@pytest.mark.parametrize(
    ("listener", "archive", "told"),
    [
        ("mika", None, "nothing is kept of mika in .*; there is me$"),
        ("mika", "first.zip", "first.zip has brought mika nothing in .*; there is nothing at all$"),
        ("me", "third.zip", "third.zip has brought me nothing in .*; there is first.zip$"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    listener: str, archive: str | None, told: str, first: Path, database: Database
) -> None:
    database.load(first)
    with pytest.raises(UserError, match=told):
        forget(CONSOLE, database.settings(), listener, archive, is_agreed=True)


def test_where_nothing_was_loaded_nothing_is_made(database: Database) -> None:
    with pytest.raises(UserError, match="nothing is kept of me: there is nothing in "):
        forget(CONSOLE, database.settings(), "me", None, is_agreed=True)
    assert not database.path.exists()


def test_what_would_bring_it_back_is_told(
    first: Path, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    database.load(first)
    forget(Console(width=200), database.settings(first), "me", "first.zip", is_agreed=True)
    told = capsys.readouterr().out
    assert "me: 40 rows of first.zip, in " in told
    assert "first.zip still lies where exports are looked for" in told
