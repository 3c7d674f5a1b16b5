"""Who reads the files of an export: processes where there is much to read, else a thread.

Python parses in one thread at a time. A small export is read ahead by a thread, because processes
take a while to start. Either way no more than a few files are in memory.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final
from uuid import uuid4

import pyarrow as pa

from ingestion.errors import UserError
from ingestion.spotify_export.archive import Member
from ingestion.spotify_export.examine import Finding, Loaded, examine, same_as
from ingestion.spotify_export.hashes import KnownHashes
from ingestion.spotify_export.reader import Policy

#: From here on, starting processes pays: about eight files, 150,000 plays.
PROCESSES_FROM_BYTES: Final = 100 * 1024**2
#: Each holds a file of some 12 MB as Python objects, many times its size.
MAX_PROCESSES: Final = 4

#: Files that are read or wait to be read, per process: a process never waits for the next.
_AHEAD: Final = 3


class Workers:
    """Processes that examine members: none until there is enough to read, none after the block.

    Args:
        folder: where rows lie for the moment in which they pass from one process to another.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = min(os.cpu_count() or 1, MAX_PROCESSES)
        self._processes: ProcessPoolExecutor | None = None
        self._cleanup = ExitStack()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop(wait=True)
        self._cleanup.close()

    def start_for(self, members: Iterable[Member]) -> None:
        """Start processes if so much is to be read; they get ready while the caller goes on."""
        size = sum(member.size for member in members)
        if self._processes or self._count == 1 or size < PROCESSES_FROM_BYTES:
            return
        # a fork would copy the threads of an open database
        context = multiprocessing.get_context("spawn")
        self._processes = ProcessPoolExecutor(self._count, context, initializer=_prepare_process)
        for _ in range(self._count):  # each starts when there is something to do
            self._processes.submit(os.getpid)

    def examine_all(
        self,
        members: Sequence[Member],
        loaded: Loaded,
        policy: Callable[[], Policy],
        hashes: KnownHashes,
        while_they_start: Callable[[], None] = lambda: None,
    ) -> Iterator[Finding]:
        """Examine members in their order, a few of them at the same time.

        Args:
            members: of all archives.
            loaded: what is in the warehouse already and need not be parsed.
            policy: asked for anew with each member, as it grows with what the ones before have
                shown.
            hashes: a file of a known hash that is in the warehouse is not read.
            while_they_start: called where there are processes, before their first file is waited
                for.

        Raises:
            UserError: one of the processes was killed.
        """
        known = [_recall(member, loaded, hashes) for member in members]
        self.start_for(
            member for member, finding in zip(members, known, strict=True) if not finding
        )
        try:
            with self._executor() as executor:
                folder = self._rows_folder()
                given = (
                    _done(_Parcel(finding))
                    if finding
                    else executor.submit(_examine, member, loaded, policy(), folder)
                    for member, finding in zip(members, known, strict=True)
                )
                ahead = deque(islice(given, _AHEAD * (self._count if folder else 1)))
                if folder:
                    while_they_start()
                for future in given:
                    ahead.append(future)
                    yield ahead.popleft().result().unpacked()
                while ahead:
                    yield ahead.popleft().result().unpacked()
                self._stop(wait=False)  # they end by themselves; their memory is wanted
        except BrokenProcessPool as error:
            raise UserError(
                "a process that was reading the export was killed, perhaps because memory ran out:"
                " close other programs and run again (what was loaded stays, the rest follows)"
            ) from error

    def _executor(self) -> AbstractContextManager[Executor]:
        return nullcontext(self._processes) if self._processes else ThreadPoolExecutor(1)

    def _rows_folder(self) -> Path | None:
        """The folder, where there are processes; without what a run that was killed has left."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if not self._processes:
            return None
        self._folder.mkdir(parents=True)
        self._cleanup.callback(shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def _stop(self, *, wait: bool) -> None:
        if self._processes:
            self._processes.shutdown(wait=wait, cancel_futures=True)
            self._processes = None


def _prepare_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the process that was started
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # a file is a million objects without a cycle: looking for one is lost time
    atexit.register(gc.freeze)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


@dataclass(frozen=True)
class _Parcel:
    """A finding on its way to who asked for it.

    Attributes:
        finding: with its rows, unless there is a file.
        file: its rows, as a stream of Arrow for each table. A pipe would copy them on either side,
            64 kB at a time; a file is mapped.
        tables: what is in the file, in order.
    """

    finding: Finding
    file: Path | None = None
    tables: tuple[str, ...] = ()

    def unpacked(self) -> Finding:
        """The finding with its rows; the file is gone."""
        reading = self.finding.verdict.reading
        if self.file and reading:
            with pa.memory_map(str(self.file)) as source:
                for name in self.tables:
                    reading.tables[name] = pa.ipc.open_stream(source).read_all()
            self.file.unlink()  # what is mapped can be read until nobody refers to it
        return self.finding


def _examine(member: Member, loaded: Loaded, policy: Policy, folder: Path | None) -> _Parcel:
    """Examine a member; its rows are put into a file in the folder, if there is one."""
    finding = examine(member, loaded, policy)
    reading = finding.verdict.reading
    if folder is None or reading is None or not reading.rows:
        return _Parcel(finding)
    tables, reading.tables = reading.tables, {}
    file = folder / f"{uuid4().hex}.arrow"
    with pa.OSFile(str(file), "wb") as sink:
        for rows in tables.values():
            with pa.ipc.new_stream(sink, rows.schema) as stream:
                stream.write_table(rows)
    return _Parcel(finding, file, tuple(tables))


def _recall(member: Member, loaded: Loaded, hashes: KnownHashes) -> Finding | None:
    """What is known of a member that an earlier run has read and loaded, if it has not changed."""
    sha256 = hashes.of(member)
    return Finding(member, sha256, same_as(loaded[sha256])) if sha256 in loaded else None


def _done(parcel: _Parcel) -> Future[_Parcel]:
    future: Future[_Parcel] = Future()
    future.set_result(parcel)
    return future
