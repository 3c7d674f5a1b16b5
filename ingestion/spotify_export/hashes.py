"""The hashes of files that have not changed since they were read, so that they are read once.

Most runs see the same exports again, and to hash them is most of what such a run would do. What
is kept says nothing about any warehouse: only that a file that shows this stamp has this hash
(ADR 9). It lies in the user's cache folder and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from typing import Final

import msgspec

from ingestion.cache import keep_cached, read_cached
from ingestion.spotify_export.archive import Member

_KEPT: Final = "hashes.json"

#: To read a smaller file costs as little as to look it up.
SMALL_BYTES: Final = 64 * 1024
#: A file that was written to just now can be written to again without showing it: the clocks of
#: file systems tick in up to 2 seconds.
SETTLED_AFTER_SECONDS: Final = 2.0
#: Files, of which each takes 140 bytes; the latest are kept.
MAX_KEPT: Final = 10_000


def stamp(member: Member) -> str | None:
    """What tells a file from what it was, without reading it.

    Inode, size, and the times of the last write and of the last change of any kind, in nanoseconds.
    The latter no program can set back, so a file of the same size and date is not taken for the
    one before. A zip's member adds its place and checksum in the zip.

    Returns:
        A hash of that; None for a small file, and for one that could change without showing it.
    """
    if member.size < SMALL_BYTES:
        return None
    try:
        status = member.path.stat()
    except OSError:
        return None
    if max(status.st_mtime, status.st_ctime) > time.time() - SETTLED_AFTER_SECONDS:
        return None
    shown = [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    if member.inside:
        shown += [member.inside.header_offset, member.inside.CRC, member.inside.file_size]
    return hashlib.sha256(repr(shown).encode()).hexdigest()


class KnownHashes:
    """SHA-256 by stamp, from the runs before and this one. A damaged or unwritable file is none."""

    def __init__(self) -> None:
        self._by_stamp: dict[str, str] = {}
        self._has_news = False
        with suppress(msgspec.MsgspecError):
            self._by_stamp = msgspec.json.decode(read_cached(_KEPT) or b"{}", type=dict[str, str])

    def of(self, member: Member) -> str | None:
        """The hash of a member's content, if it is known without reading it."""
        shown = stamp(member) if self._by_stamp else None
        return self._by_stamp.get(shown) if shown else None

    def note(self, shown: str, sha256: str) -> None:
        """Remember the hash of a file that showed this stamp before it was read."""
        self._by_stamp[shown] = sha256
        self._has_news = True

    def keep(self) -> None:
        """Write what was noted, whole or not at all."""
        if self._has_news:
            latest = dict(list(self._by_stamp.items())[-MAX_KEPT:])
            keep_cached(_KEPT, msgspec.json.encode(latest))
