"""Answers on their way: what Spotify has told and the warehouse does not hold yet.

Every answer is appended to a file beside the warehouse as soon as it is there, one line each, with
what is to be remembered from it. So a run that is killed, or a warehouse that is locked or full,
loses nothing, and no call is made twice. Whoever loads takes the file away under a new name, its
batch; a batch that the warehouse remembers as loaded is only deleted. A row that cannot be stored
is set aside in a file of its own, so that it holds nothing else up. Of several processes that
collect for one listener each has its turn.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import uuid4

import msgspec

from ingestion.locks import locked
from ingestion.settings import Settings

Row: TypeAlias = dict[str, Any]
Changes: TypeAlias = Mapping[str, Any]
"""What to remember from now on, by key; None forgets. See `state.py`."""

#: What says who a person is, and the lists of some 180 countries that would be most of every
#: answer: never stored, wherever it stands.
DROPPED_FIELDS: Final = frozenset({"available_markets", "email", "birthdate", "explicit_content"})

_SUFFIX: Final = ".jsonl"

#: JSON by line as well, which is never loaded.
_SET_ASIDE: Final = "set_aside.txt"

#: A poll that finds little takes no longer.
_PATIENCE_SECONDS: Final = 10


class Answer(msgspec.Struct):
    """What one answer of Spotify's brings.

    Attributes:
        rows: with the names of their tables.
        remember: what to remember once the rows are loaded.
        notes: what somebody should know of it, one line each.
        odd: what is to be set aside at once: the table that it is none of, itself and the reason.
    """

    rows: list[tuple[str, Row]]
    remember: dict[str, Any] = {}
    odd: list[tuple[str, Any, str]] = []
    notes: list[str] = []


def stored(answer: Any) -> Any:
    """Spotify's answer as it is kept: without `DROPPED_FIELDS` and nulls.

    Half of a surrogate pair, as of an emoji that was cut, is no text that can be written: `?`. Nor
    is U+0000 for every warehouse: U+FFFD, as Unicode has it for what cannot be shown.
    """
    if isinstance(answer, dict):
        return {
            name: stored(value)
            for name, value in answer.items()
            if value is not None and name not in DROPPED_FIELDS
        }
    if isinstance(answer, list):
        return [stored(element) for element in answer if element is not None]
    if isinstance(answer, str):
        text = answer if answer.isascii() else answer.encode(errors="replace").decode()
        return text.replace("\0", "\ufffd")
    return answer


@dataclass
class Batch:
    """A part of the spool that is being loaded.

    Attributes:
        name: unique; the warehouse remembers the one that it loaded last.
        rows: by table.
        is_left_behind: by a load that was killed; some of its rows may be in the warehouse.
        changes: what to remember, from all answers together.
    """

    name: str
    path: Path
    is_left_behind: bool
    rows: dict[str, list[Row]] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    def part(self, rows: list[tuple[str, Row]], changes: Changes, suffix: str = "") -> Batch:
        """Some of its rows, as a batch of its own."""
        part = Batch(f"{self.name}{suffix}", self.path, self.is_left_behind, {}, dict(changes))
        for table, row in rows:
            part.rows.setdefault(table, []).append(row)
        return part

    def delete(self) -> None:
        """It is loaded."""
        self.path.unlink()


class Spool:
    """The spool of one listener.

    Attributes:
        length: rows that wait.
        since: when the first of them came, aware UTC.
        not_stored: why rows were set aside, each reason once.
    """

    def __init__(self, settings: Settings, listener: str) -> None:
        self._folder = settings.beside_working_folder("answers") / listener
        self._path = self._folder / f"answers{_SUFFIX}"
        self._lock = settings.beside_working_folder(f"{listener}.lock")
        self._last_turn: int | None = None
        self._file: FileIO | None = None
        self.length = 0
        self.since: datetime | None = None
        self.not_stored: list[str] = []

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Keep other processes from it; yields whether none has had a turn since the last here.

        Raises:
            Locked: another process has had it for ten seconds.
            OSError: it cannot be written.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._lock, _PATIENCE_SECONDS):
            is_as_left = self._lock.stat().st_mtime_ns == self._last_turn
            os.utime(self._lock)
            self._last_turn = self._lock.stat().st_mtime_ns
            try:
                yield is_as_left
            finally:
                self._close_file()

    def add(self, answer: Answer, now: datetime) -> None:
        """Keep an answer. It survives the process from here on."""
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        for table, row, reason in answer.odd:
            self.set_aside(table, row, reason)
        kept = Answer(answer.rows, answer.remember)
        self._file.write(msgspec.json.encode(kept) + b"\n")
        self.length += len(answer.rows)
        self.since = self.since or now

    def set_aside(self, table: str, row: Any, reason: str) -> None:
        """Keep a row that cannot be stored, with the reason, where it holds nothing up."""
        line = msgspec.json.encode({"reason": reason, "table": table, "row": row})
        with (self._folder / _SET_ASIDE).open("ab") as file:
            file.write(line + b"\n")
        told = f"{table}: {reason}"
        if told not in self.not_stored:
            self.not_stored.append(told)

    def trouble(self) -> str | None:
        """One line about rows that were set aside; None if none was."""
        if not self.not_stored:
            return None
        return (
            f"some of what Spotify told cannot be stored ({'; '.join(self.not_stored[:3])}): it is"
            f" kept in {self._folder / _SET_ASIDE}, and all else is stored"
        )

    @property
    def is_waiting(self) -> bool:
        """Whether there is anything to load, of this run or an earlier one."""
        return any(self._folder.glob(f"*{_SUFFIX}"))

    def batches(self) -> Iterator[Batch]:
        """Everything that is to be loaded: first what another run has left behind."""
        left_behind = [path for path in self._folder.glob(f"*{_SUFFIX}") if path != self._path]
        for path in sorted(left_behind, key=lambda path: path.stat().st_mtime_ns):
            yield self._read(path, is_left_behind=True)
        self.length, self.since = 0, None
        self._close_file()
        if self._path.exists():
            yield self._read(
                self._path.rename(self._folder / f"{uuid4().hex}{_SUFFIX}"), is_left_behind=False
            )

    def discard(self) -> None:
        """Delete whatever waits, and what was set aside."""
        self._close_file()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Remove the folders if nothing is left in them."""
        for folder in (self._folder, self._folder.parent):
            try:
                folder.rmdir()
            except OSError:
                return

    def _read(self, path: Path, *, is_left_behind: bool) -> Batch:
        """The answers of a file; a last line that was cut by a kill is none.

        What is damaged, as by a disk, is set aside.
        """
        batch = Batch(path.stem, path, is_left_behind)
        decode = msgspec.json.Decoder(Answer).decode
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    continue
                try:
                    answer = decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    self.set_aside("answers", line.decode(errors="replace"), str(error))
                    continue
                for table, row in answer.rows:
                    given = {name: value for name, value in row.items() if value is not None}
                    batch.rows.setdefault(table, []).append(given)
                batch.changes.update(answer.remember)
        return batch

    def _close_file(self) -> None:
        """Before others take it away, or append to it."""
        if self._file:
            self._file.close()
        self._file = None
