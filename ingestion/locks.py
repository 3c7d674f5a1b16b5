"""One process at a time: a lock that the system lets go when its holder ends, however it ends."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


#: What the systems say of a lock that is held.
_HELD: Final = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})

_LOOK_AGAIN_SECONDS: Final = 0.05


class Locked(Exception):  # noqa: N818 - a state
    """Another process, or another part of this one, holds the lock."""


@contextmanager
def locked(path: Path, patience_seconds: float | None = None) -> Iterator[None]:
    """Hold the lock of a file, which is made and stays.

    Args:
        path: the file; its folder is there.
        patience_seconds: how long to wait for whoever holds it; None for ever.

    Raises:
        Locked: it was held all the while.
        OSError: the file cannot be opened, or not be locked.
    """
    with path.open("a") as file:  # closing it lets go
        started = time.monotonic()
        while True:
            try:
                _try(file.fileno())
                break
            except OSError as error:
                if error.errno not in _HELD:
                    raise
                waited = time.monotonic() - started
                if patience_seconds is not None and waited >= patience_seconds:
                    raise Locked from None
            time.sleep(_LOOK_AGAIN_SECONDS)
        yield
