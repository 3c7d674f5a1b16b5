"""One import, from the paths that the user gave to rows that count.

Members are examined a few at a time (`workers.py`), so memory is bounded by a few files. They are
loaded in batches; a batch counts once its files are in `import_files`. A run
that is killed loses at most a batch and leaves nothing that the next run does not mend.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final, TypeAlias

import pyarrow as pa

from ingestion.errors import ExportError
from ingestion.settings import Settings
from ingestion.spotify_export.archive import Member, Refusal, find_members
from ingestion.spotify_export.examine import Finding, Verdict, examine, same_as
from ingestion.spotify_export.hashes import KnownHashes
from ingestion.spotify_export.history import (
    History,
    Record,
    delete_leftovers,
    delete_replaced,
    ensure_tables,
    file_key,
    keep_time_zone,
    read_history,
)
from ingestion.spotify_export.kinds import Kind
from ingestion.spotify_export.reader import Policy, Problem, Reading
from ingestion.spotify_export.report import PROBLEMS_SHOWN, FileOutcome, ImportReport, ProblemSeen
from ingestion.spotify_export.row_files import row_files
from ingestion.spotify_export.tables import DLT_IMPORT, IMPORT_PROBLEMS, LINEAGE, SCHEMA
from ingestion.spotify_export.workers import Workers
from ingestion.warehouse import Warehouse, open_warehouse
from ingestion.warehouse.inserting import insert_rows

#: A million plays and more: few exports need a second batch, and each package costs time.
FILES_PER_BATCH: Final = 100

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with the bytes done, the bytes in all, and the member being read."""


def import_exports(settings: Settings, on_progress: Progress | None = None) -> ImportReport:
    """Load what is new in `settings.export` into the raw tables of the listener.

    Args:
        settings: of this run.
        on_progress: called before each member and at the end.

    Returns:
        What became of every file. Problems are in it and in `import_problems`; they stop
        nothing.

    Raises:
        ExportError: nothing at all could be read from any path.
        WarehouseError: the warehouse cannot be opened or written.
    """
    started = time.monotonic()
    members, refusals = find_members(settings.export)
    hashes = KnownHashes()
    with Workers(settings.beside_working_folder("read")) as workers:
        # a file that nobody has read is read, whatever the warehouse knows
        workers.start_for(member for member in members if not hashes.of(member))
        with open_warehouse(settings) as warehouse:
            delete_leftovers(warehouse)
            run = _Run(settings, read_history(warehouse, settings.listener), workers, hashes)
            _load(warehouse, run, run.read_all(members, refusals, on_progress or _silent))
            keep_time_zone(warehouse, settings, run.now)
    hashes.keep()
    if all(file.kind == Kind.UNKNOWN for file in run.outcomes):
        raise ExportError(_nothing_of_spotifys(run.outcomes))
    seconds = time.monotonic() - started
    return ImportReport(run.outcomes, seconds, run.problems_shown, run.problem_count)


def _silent(_done: int, _total: int, _member: str) -> None:
    """Show no progress."""


def _nothing_of_spotifys(outcomes: list[FileOutcome]) -> str:
    broken = next((file for file in outcomes if file.status == "set_aside"), None)
    if broken:
        return f"{broken.member or broken.archive}: {broken.reason}"
    archives = ", ".join(dict.fromkeys(file.archive for file in outcomes))
    return (
        f"nothing of Spotify's is in {archives}: give the zip that Spotify sent you"
        " (my_spotify_data.zip), or its folder"
    )


@dataclass
class _NewFile:
    """A file that the warehouse does not know yet.

    Attributes:
        record: its row of `import_files`.
        tables: its rows and problems by raw table, lineage and all.
        replaces: whether an earlier run recorded the same file with another outcome.
    """

    record: dict[str, Any]
    tables: dict[str, pa.Table]
    replaces: bool


def _load(warehouse: Warehouse, run: _Run, files: Iterator[_NewFile]) -> None:
    """Load new files batch by batch; dlt is not even started if there are none."""
    first = next(files, None)
    if first is None:
        return
    _import_dlt()
    from ingestion.spotify_export.source import export_rows

    ensure_tables(warehouse)
    load = warehouse.loader(SCHEMA)
    folder = run.settings.beside_working_folder("rows")
    while first is not None:
        batch: list[_NewFile] = []
        tables = _tables(chain([first], islice(files, FILES_PER_BATCH - 1)), batch)
        with row_files(tables, folder, goes_far=run.settings.is_on_a_server) as rows:
            load(export_rows(rows))
        with warehouse.transaction():
            delete_replaced(
                warehouse, [file.record["file_key"] for file in batch if file.replaces], run.now
            )
            insert_rows(warehouse, f"{SCHEMA}.import_files", [file.record for file in batch])
        first = next(files, None)


def _import_dlt() -> None:
    """Import what loads: early where there is time to, and not at all where nothing is loaded."""
    with DLT_IMPORT:
        import ingestion.spotify_export.source  # noqa: F401


def _tables(files: Iterable[_NewFile], batch: list[_NewFile]) -> Iterator[dict[str, pa.Table]]:
    """Each file's tables as it is read; `batch` keeps the files without them."""
    for file in files:
        batch.append(file)
        tables, file.tables = file.tables, {}
        yield tables


@dataclass
class _Run:
    """One run of one listener: reads members, decides what becomes of them, keeps count."""

    settings: Settings
    history: History
    workers: Workers
    hashes: KnownHashes
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    outcomes: list[FileOutcome] = field(default_factory=list)
    problems_shown: list[ProblemSeen] = field(default_factory=list)
    problem_count: int = 0
    seen: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)

    def read_all(
        self, members: list[Member], refusals: list[Refusal], on_progress: Progress
    ) -> Iterator[_NewFile]:
        """Read every member in turn; yields those that the warehouse does not know yet."""
        for refusal in refusals:
            verdict = Verdict("set_aside", Kind.UNKNOWN, refusal.reason)
            yield from self._conclude(self._place(refusal.archive, "", 0, None), verdict)
        done, total = 0, sum(member.size for member in members)
        loaded = dict(self.history.loaded)
        for finding in self.workers.examine_all(
            members, loaded, self._policy, self.hashes, _import_dlt
        ):
            member = finding.member
            if finding.stamp and finding.sha256:
                self.hashes.note(finding.stamp, finding.sha256)
            on_progress(done, total, member.name)
            place = self._place(member.archive, member.name, member.size, finding.sha256)
            known = self.history.records.get(place.key(self.settings.listener))
            if known and known.status in ("loaded", "duplicate"):
                self._note_unchanged(place, known)
            else:
                yield from self._conclude(place, self._in_hindsight(finding))
            done += member.size
        on_progress(total, total, "")

    def _place(self, archive: str, member: str, size: int, sha256: str | None) -> _Place:
        seen = archive, member, sha256
        self.seen[seen] += 1
        return _Place(archive, member, size, sha256, self.seen[seen] - 1)

    def _policy(self) -> Policy:
        keep_private = frozenset(self.settings.keep_private_fields)
        return Policy(keep_private, dict(self.history.new_columns), self.now)

    def _in_hindsight(self, finding: Finding) -> Verdict:
        """The verdict, given what came of the files that were examined at the same time."""
        verdict, loaded = finding.verdict, self.history.loaded
        if verdict.reading is None:
            return verdict
        if finding.sha256 in loaded and verdict.reading.rows:
            return same_as(loaded[finding.sha256])
        known = self.history.new_columns
        if any(known.get(key, kind) != kind for key, kind in verdict.reading.new_columns.items()):
            verdict = examine(finding.member, {}, self._policy()).verdict
        if verdict.reading:
            known.update(verdict.reading.new_columns)
        return verdict

    def _note_unchanged(self, place: _Place, known: Record) -> None:
        self.outcomes.append(
            FileOutcome(
                place.archive,
                place.member,
                known.kind,
                known.status,
                known.reason or "already loaded",
                known.rows,
                known.problem_rows,
                is_new=False,
            )
        )

    def _conclude(self, place: _Place, verdict: Verdict) -> Iterator[_NewFile]:
        """Note what became of a file; yield it if that is news."""
        reading = verdict.reading or Reading(verdict.kind)
        problems = list(reading.problems)
        if verdict.status == "set_aside":
            problems.append(Problem(None, verdict.reason or ""))
        key = place.key(self.settings.listener)
        known = self.history.records.get(key)
        record = Record(
            verdict.status, verdict.reason, verdict.kind, reading.rows, len(reading.problems)
        )
        self.outcomes.append(
            FileOutcome(
                place.archive,
                place.member,
                verdict.kind,
                verdict.status,
                verdict.reason,
                reading.rows,
                len(reading.problems),
                is_new=record != known,
            )
        )
        self._note_problems(place, problems)
        if record == known:
            return
        self.history.records[key] = record
        if verdict.status == "loaded" and place.sha256:
            self.history.loaded[place.sha256] = place.archive, place.member, verdict.kind
        tables = {name: self._with_lineage(rows, place) for name, rows in reading.tables.items()}
        if problems:
            tables["import_problems"] = pa.Table.from_pylist(
                [
                    self._row_of_file(place, key)
                    | {"file_row": problem.file_row, "reason": problem.reason, "raw": problem.raw}
                    for problem in problems
                ],
                IMPORT_PROBLEMS,
            )
        row = self._row_of_file(place, key) | {
            "kind": str(verdict.kind),  # a plain text: not every driver takes an enum
            "bytes": place.size,
            "rows": reading.rows,
            "problem_rows": len(reading.problems),
            "first_at": reading.first_at,
            "last_at": reading.last_at,
            "status": verdict.status,
            "reason": verdict.reason,
        }
        yield _NewFile(row, tables, replaces=known is not None)

    def _note_problems(self, place: _Place, problems: list[Problem]) -> None:
        self.problem_count += len(problems)
        for problem in problems[: PROBLEMS_SHOWN - len(self.problems_shown)]:
            self.problems_shown.append(
                ProblemSeen(place.archive, place.member, problem.file_row, problem.reason)
            )

    def _row_of_file(self, place: _Place, key: str) -> dict[str, Any]:
        """The columns that `import_files` and `import_problems` share."""
        return {
            "file_key": key,
            "listener": self.settings.listener,
            "archive": place.archive,
            "member": place.member or None,
            "file_sha256": place.sha256,
            "loaded_at": self.now,
        }

    def _with_lineage(self, rows: pa.Table, place: _Place) -> pa.Table:
        """The rows with the lineage columns in front, as the raw tables declare them."""
        lineage = {
            "listener": self.settings.listener,
            "file_sha256": place.sha256,
            "loaded_at": self.now,
        }
        columns: dict[str, Any] = {
            field.name: rows[field.name]
            if field.name in rows.column_names
            else pa.array([lineage[field.name]], field.type).take(pa.repeat(0, len(rows)))
            for field in LINEAGE
        }
        return pa.table(columns | dict(zip(rows.column_names, rows.columns, strict=True)))


@dataclass(frozen=True)
class _Place:
    """Where a file is: archive, member, size in bytes, and what it holds, as a hash.

    Attributes:
        copy: how many before it in this run were at a place of the same name and held the same:
            two folders may each hold a my_spotify_data.zip.
    """

    archive: str
    member: str
    size: int
    sha256: str | None
    copy: int

    def key(self, listener: str) -> str:
        return file_key(listener, self.archive, self.member, self.sha256, self.copy)
