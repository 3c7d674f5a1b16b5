"""Delete a listener, or what one of their exports has brought, for good.

For who leaves a household or a study, and for the wrong zip under the right name. Raw rows go in
one transaction; what was built of them goes with the build that follows. What the catalogue says
of music is nobody's, and stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.markup import escape

from ingestion.errors import ExportError, UserError
from ingestion.locks import Locked
from ingestion.settings import Settings
from ingestion.spotify_api import forgetting as answers
from ingestion.spotify_api.spool import Spool
from ingestion.spotify_api.tokens import sign_in_of, sign_out
from ingestion.spotify_export import forgetting as exports
from ingestion.spotify_export.archive import find_members
from ingestion.warehouse import Statement, Warehouse, engine_of, open_warehouse


@dataclass(frozen=True)
class _Kept:
    """What is to be deleted.

    Attributes:
        archives: the names of the exports that brought it.
        rows: of files.
        answers: rows from the Web API.
        has_waiting: whether there is more from there, not loaded yet.
        has_zone: whether a time zone is noted.
        is_signed_in: whether there is a sign-in.
    """

    archives: list[str]
    rows: int
    answers: int = 0
    has_waiting: bool = False
    has_zone: bool = False
    is_signed_in: bool = False

    def __str__(self) -> str:
        """In words; empty if there is nothing."""
        words = {
            f"{self.rows:,} rows of {', '.join(self.archives)}": self.archives,
            f"{self.answers:,} rows from the Web API": self.answers,
            "answers that wait to be loaded": self.has_waiting,
            "the time zone": self.has_zone,
            "the sign-in": self.is_signed_in,
        }
        return ", ".join(word for word, is_there in words.items() if is_there)


def forget(
    console: Console, settings: Settings, listener: str, export: str | None, *, is_agreed: bool
) -> None:
    """Delete what is kept of a listener, once somebody has agreed.

    Args:
        console: of the terminal.
        settings: of this run.
        listener: by name.
        export: only what this one has brought: its path, or its name where it is gone.
        is_agreed: whether that was said on the command line.

    Raises:
        UserError: there is nothing to delete, nobody to ask, or Spotify is being asked just now.
        WarehouseError: the warehouse cannot be opened or written.
    """
    engine = engine_of(settings)
    if not engine.exists():
        raise UserError(f"nothing is kept of {listener}: there is nothing in {engine.place}")
    kept = _kept(settings, listener, export)
    if not str(kept):
        raise UserError(_nothing(settings, listener, export, engine.place))
    console.print(escape(f"{listener}: {kept}, in {engine.place}"), soft_wrap=True)
    _ask(is_agreed)
    if export is None:
        _forget_listener(settings, listener)
    else:
        with open_warehouse(settings) as warehouse:
            brought = exports.brought_by(warehouse, listener, export)
            _delete(warehouse, exports.deletion_of(warehouse, brought))
    console.print("Deleted  all of that from the raw tables")
    _tell_what_would_bring_it_back(console, settings, listener, kept)


def _kept(settings: Settings, listener: str, export: str | None) -> _Kept:
    with open_warehouse(settings, read_only=True) as warehouse:
        if export is not None:
            brought = exports.brought_by(warehouse, listener, export)
            return _Kept(brought.archives, sum(brought.contents.values()))
        brought = exports.Brought(listener, exports.files_of(warehouse, listener))
        return _Kept(
            brought.archives,
            sum(brought.contents.values()),
            answers.answers_of(warehouse, listener),
            has_waiting=Spool(settings, listener).is_waiting,
            has_zone=listener in exports.listeners(warehouse),
            is_signed_in=sign_in_of(settings, listener) is not None,
        )


def _nothing(settings: Settings, listener: str, export: str | None, place: str) -> str:
    """One line that says what there is instead."""
    with open_warehouse(settings, read_only=True) as warehouse:
        if export is not None:
            files = exports.files_of(warehouse, listener)
            there = exports.Brought(listener, files).archives
            what = f"{export} has brought {listener} nothing"
        else:
            there = exports.listeners(warehouse)
            what = f"nothing is kept of {listener}"
    return f"{what} in {place}; there is {', '.join(there) or 'nothing at all'}"


def _ask(is_agreed: bool) -> None:
    if is_agreed:
        return
    if not sys.stdin.isatty():
        raise UserError("nothing was deleted, for there is no terminal to ask on: add --yes")
    if not typer.confirm("Delete it for good?"):
        raise UserError("nothing was deleted")


def _forget_listener(settings: Settings, listener: str) -> None:
    """The sign-in first, so that nobody asks anew; if this is killed, the next call goes on."""
    spool = Spool(settings, listener)
    try:
        with spool.turn(), open_warehouse(settings) as warehouse:
            sign_out(settings, listener)
            _delete(
                warehouse,
                [
                    *answers.deletion_of(warehouse, listener),
                    *exports.deletion_of_all(warehouse, listener),
                ],
            )
            spool.discard()
    except Locked:
        raise UserError(
            f"Spotify is being asked for {listener} just now: wait until it has told, and try again"
        ) from None


def _delete(warehouse: Warehouse, statements: Iterable[Statement]) -> None:
    known = list(statements)  # before the transaction, in which the warehouse gives no rows
    with warehouse.transaction():
        for sql, parameters in known:
            warehouse.query(sql, parameters)


def _tell_what_would_bring_it_back(
    console: Console, settings: Settings, listener: str, kept: _Kept
) -> None:
    if kept.is_signed_in and sign_in_of(settings, listener):
        console.print("         SPOTIFY_REFRESH_TOKEN or SPOTIFY_TOKENS_JSON signs in all the same")
    try:
        members, _ = find_members(settings.export)
    except ExportError:
        return
    for archive in sorted({member.archive for member in members} & set(kept.archives)):
        console.print(
            f"         {escape(archive)} still lies where exports are looked for: a run loads it"
            " again",
            soft_wrap=True,
        )
