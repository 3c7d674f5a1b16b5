"""What a poll knew at its end, kept beside the warehouse for a poll that cannot open it.

DuckDB lets one program at a time write, and Spotify shows the latest 50 plays: who has the file
open in another program all day would lose some. The warehouse is right wherever it can be opened;
this is read where it cannot.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from heapq import nlargest
from pathlib import Path
from typing import Any, Final

import msgspec

from ingestion.settings import Settings
from ingestion.spotify_api.plays import PlayKey

logger = logging.getLogger(__name__)

#: A few times what Spotify can show.
_PLAYS: Final = 200


class Knowledge(msgspec.Struct):
    """What a poll has to know.

    Attributes:
        memory: of the listener, see `state.py`.
        plays: that came last.
        client_id: of the app that asked.
        wait_until: aware UTC; before then Spotify wants no calls of that app. None if it did not
            say so.
    """

    memory: dict[str, Any]
    plays: list[PlayKey]
    client_id: str | None
    wait_until: datetime | None


class Kept:
    """The file of one listener. One that is damaged or cannot be written is none."""

    def __init__(self, settings: Settings, listener: str) -> None:
        self._path: Path = settings.beside_working_folder(f"{listener}.known.json")

    def read(self) -> Knowledge | None:
        """What the last poll here knew."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Knowledge)
        except (OSError, msgspec.MsgspecError):
            return None

    def write(
        self,
        memory: dict[str, Any],
        plays: Iterable[PlayKey],
        client_id: str | None,
        wait_until: datetime | None,
    ) -> None:
        """Keep it, whole or not at all."""
        knowledge = Knowledge(memory, nlargest(_PLAYS, plays), client_id, wait_until)
        unfinished = self._path.with_suffix(f".{os.getpid()}")
        try:
            unfinished.write_bytes(msgspec.json.encode(knowledge))
            unfinished.replace(self._path)
        except OSError as error:
            logger.info("what the poll knew is not kept: %s", error)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
