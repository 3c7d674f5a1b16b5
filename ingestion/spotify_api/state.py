"""What is remembered of one listener between runs: cursors, and what Spotify has refused.

It lives in dlt's state, in the warehouse, under a pipeline of the listener's own, so that it is
copied, restored and deleted with the rows that it is about, and one listener's cursor cannot hide
another's plays. A load brings rows and memory in one package: neither runs ahead of the other.
It is flat, by keys such as `asked/top_tracks` or `snapshot/<playlist id>`, and its values are
JSON; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from ingestion.spotify_api.spool import Answer, Changes

#: The key of the batch that was loaded last; see `spool.py`.
LOADED: Final = "loaded"

#: A refused endpoint is tried again after a day, for Spotify errs; when it is refused once more,
#: each month, for Spotify reopens some and apps get rights.
_REFUSED_ONCE_FOR: Final = timedelta(days=1)
_REFUSED_FOR: Final = timedelta(days=30)


class Memory:
    """What is remembered; `update` it with every answer."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        """The value, or None."""
        return self._values.get(key)

    def update(self, changes: Changes) -> None:
        """Take over what an answer brings; None forgets."""
        apply_changes(self._values, msgspec.to_builtins(changes))

    def time(self, key: str) -> datetime | None:
        """A time that is remembered, aware UTC."""
        value = self[key]
        return datetime.fromisoformat(value) if value else None

    def is_due(self, name: str, every: timedelta, now: datetime) -> bool:
        """Whether something was asked for so long ago that it is time to ask again."""
        asked_at = self.time(f"asked/{name}")
        return asked_at is None or now - asked_at >= every

    def is_refused(self, endpoint: str, now: datetime) -> bool:
        """Whether Spotify has refused the endpoint lately, so that asking would be a waste."""
        refused = self[f"refused/{endpoint}"]
        if refused is None:
            return False
        wait = _REFUSED_ONCE_FOR if refused["times"] == 1 else _REFUSED_FOR
        return now - datetime.fromisoformat(refused["at"]) < wait

    def refusal(self, listener: str, endpoint: str, now: datetime) -> Answer:
        """Spotify has refused an endpoint (403): to be noted, and not asked again for a while."""
        row = {"listener": listener, "endpoint": endpoint, "observed_at": now, "status": 403}
        times = (self[f"refused/{endpoint}"] or {"times": 0})["times"] + 1
        return Answer(
            [("endpoint_refusals", row)], {f"refused/{endpoint}": {"at": now, "times": times}}
        )


def apply_changes(values: dict[str, Any], changes: Changes) -> None:
    """Put changes into remembered values; None forgets."""
    for key, value in changes.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value
