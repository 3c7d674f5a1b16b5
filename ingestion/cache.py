"""What is kept in the user's cache folder, so that it need not be found out again.

It says nothing about any warehouse, and may be deleted at any time. A damaged or unwritable file is
none.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def read_cached(name: str) -> bytes | None:
    """What was kept under a name, if anything."""
    path = _path_of(name)
    with suppress(OSError):
        return path.read_bytes() if path else None
    return None


def keep_cached(name: str, content: bytes) -> None:
    """Keep it under a name, whole or not at all."""
    path = _path_of(name)
    if not path:
        return
    unfinished = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _path_of(name: str) -> Path | None:
    """None for a user without a home, as containers have them."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "spotify-elt" / name
    except RuntimeError:
        return None
