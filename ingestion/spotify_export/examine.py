"""What each file is, and its rows: the part of an import that needs no warehouse.

A big export is examined by several processes, since Python parses in one thread at a time; a
small one is read ahead by a thread, because processes take a while to start. Either way
no more than a few files are in memory.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ingestion.spotify_export import kinds, reader
from ingestion.spotify_export.archive import Content, Member, UnreadableMemberError
from ingestion.spotify_export.hashes import KnownHashes, stamp
from ingestion.spotify_export.kinds import LEFT_ALONE, Kind
from ingestion.spotify_export.reader import Policy, Reading, UnreadableFileError

#: From here on, starting processes pays: about eight files, 150,000 plays.
PROCESSES_FROM_BYTES: Final = 100 * 1024**2
#: Each holds a file of some 12 MB as Python objects, many times its size.
MAX_PROCESSES: Final = 4

#: Files that are read or wait to be read, per process: a process never waits for the next.
_AHEAD: Final = 3

_BOM: Final = b"\xef\xbb\xbf"

Loaded = dict[str, tuple[str, str, str]]
"""Where each content was loaded from, as (archive, member, kind) by sha256."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a file, and its rows if it is loaded."""

    status: str
    kind: Kind
    reason: str | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class Finding:
    """A file that was examined.

    Attributes:
        sha256: of its content; None for what was not opened or cannot be read.
        stamp: what it showed before it was read (`hashes.stamp`); None if it was not read.
    """

    member: Member
    sha256: str | None
    verdict: Verdict
    stamp: str | None = None


def examine_all(
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
        policy: asked for anew with each member, as it grows with what the ones before have shown.
        hashes: a file of a known hash that is in the warehouse is not read.
        while_they_start: called where processes are started, before their first file is waited for.
    """
    known = [_recall(member, loaded, hashes) for member in members]
    total = sum(member.size for member, finding in zip(members, known, strict=True) if not finding)
    workers = min(os.cpu_count() or 1, MAX_PROCESSES)
    if total < PROCESSES_FROM_BYTES or workers == 1:
        workers = 1
    with _executor(workers) as executor:
        given = (
            _done(finding) if finding else executor.submit(examine, member, loaded, policy())
            for member, finding in zip(members, known, strict=True)
        )
        ahead = deque(islice(given, _AHEAD * workers))
        if workers > 1:
            while_they_start()
        for future in given:
            ahead.append(future)
            yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _recall(member: Member, loaded: Loaded, hashes: KnownHashes) -> Finding | None:
    """What is known of a member that an earlier run has read and loaded, if it has not changed."""
    sha256 = hashes.of(member)
    return Finding(member, sha256, same_as(loaded[sha256])) if sha256 in loaded else None


def _done(finding: Finding) -> Future[Finding]:
    future: Future[Finding] = Future()
    future.set_result(finding)
    return future


def _executor(workers: int) -> Executor:
    if workers == 1:
        return ThreadPoolExecutor(max_workers=1)
    # a fork would copy the threads of an open database
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_prepare_process)


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


def examine(member: Member, loaded: Loaded, policy: Policy) -> Finding:
    """What one member is, and its rows, read strictly."""
    claimed = kinds.claimed_by_name(member.base_name)
    if claimed in LEFT_ALONE:
        reason = "left alone because of its name, not opened"
        return Finding(member, None, Verdict("ignored", claimed, reason))
    shown = stamp(member)
    try:
        content = member.read()
    except UnreadableMemberError as error:
        return Finding(member, None, Verdict("set_aside", claimed, str(error)))
    verdict = _judge(member, content, claimed, loaded, policy)
    return Finding(member, content.sha256, verdict, shown)


def _judge(
    member: Member, content: Content, claimed: Kind, loaded: Loaded, policy: Policy
) -> Verdict:
    if content.data is None:
        return Verdict("ignored", Kind.UNKNOWN, "not JSON")
    data = content.data.removeprefix(_BOM)
    if content.sha256 in loaded and not kinds.is_empty(data):
        return same_as(loaded[content.sha256])
    kind = kinds.recognise(data, claimed)
    try:
        if kind is Kind.UNKNOWN:
            reader.require_json(data)
            if claimed is Kind.UNKNOWN:
                return Verdict("ignored", kind, "JSON of a kind that is not read")
            return Verdict(
                "set_aside", claimed, f"its name says {claimed}, its content is something else"
            )
        reading = reader.read(data, kind, member.base_name, policy)
    except UnreadableFileError as error:
        if kind is claimed is Kind.UNKNOWN and not member.claims_json:
            return Verdict("ignored", kind, "not JSON")
        return Verdict("set_aside", claimed if kind is Kind.UNKNOWN else kind, str(error))
    return Verdict("loaded", reading.kind, reading=reading)


def same_as(loaded: tuple[str, str, str]) -> Verdict:
    """The verdict on a file whose content was loaded from elsewhere."""
    archive, name, kind = loaded
    return Verdict("duplicate", Kind(kind), f"the same file as {name} in {archive}")
