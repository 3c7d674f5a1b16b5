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
from ingestion.spotify_api.tables import SCHEMA
from ingestion.warehouse import Warehouse

#: The key of the batch that was loaded last; see `spool.py`.
LOADED: Final = "loaded"

#: A refused endpoint is tried again after a day, for Spotify errs; when it is refused once more,
#: each month, for Spotify reopens some and apps get rights.
_REFUSED_ONCE_FOR: Final = timedelta(days=1)
_REFUSED_FOR: Final = timedelta(days=30)


class Memory:
    """What is remembered; `update` it with every answer.

    Attributes:
        values: by key; JSON.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getitem__(self, key: str) -> Any:
        """The value, or None."""
        return self.values.get(key)

    def update(self, changes: Changes) -> None:
        """Take over what an answer brings; None forgets."""
        apply_changes(self.values, msgspec.to_builtins(changes))

    def time(self, key: str) -> datetime | None:
        """A time that is remembered, aware UTC."""
        value = self[key]
        return datetime.fromisoformat(value) if value else None

    def is_due(self, name: str, every: timedelta, now: datetime) -> bool:
        """Whether something was asked for so long ago that it is time to ask again."""
        asked_at = self.time(f"asked/{name}")
        return asked_at is None or now - asked_at >= every

    def is_refused(self, endpoint: str, now: datetime, sign_in: str = "") -> bool:
        """Whether Spotify has refused the endpoint lately, so that asking would be a waste.

        Args:
            endpoint: to be asked.
            now: aware UTC.
            sign_in: the `sign_in_id` in force: what an earlier one did not allow counts no more.
        """
        refused = self[f"refused/{endpoint}"]
        if refused is None or refused.get("sign_in", sign_in) != sign_in:
            return False
        wait = _REFUSED_ONCE_FOR if refused["times"] == 1 else _REFUSED_FOR
        return now - datetime.fromisoformat(refused["at"]) < wait

    def refusal(self, listener: str, endpoint: str, now: datetime, status: int = 403) -> Answer:
        """Spotify has refused an endpoint: to be noted, and not asked again for a while."""
        row = {"listener": listener, "endpoint": endpoint, "observed_at": now, "status": status}
        times = (self[f"refused/{endpoint}"] or {"times": 0})["times"] + 1
        return Answer(
            [("endpoint_refusals", row)], {f"refused/{endpoint}": {"at": now, "times": times}}
        )

    def lack_of_scope(
        self, listener: str, endpoint: str, scope: str, sign_in: str, now: datetime
    ) -> Answer:
        """The same of an endpoint that a sign-in does not allow; the next sign-in may."""
        is_first = not self.lacks_scope(endpoint, sign_in)
        row = {"listener": listener, "endpoint": endpoint, "observed_at": now, "status": 403}
        noted = {
            "at": now,
            "times": 1 if is_first else self[f"refused/{endpoint}"]["times"] + 1,
            "scope": scope,
            "sign_in": sign_in,
        }
        return Answer(
            [("endpoint_refusals", {**row, "scope": scope})], {f"refused/{endpoint}": noted}
        )

    def lacks_scope(self, endpoint: str, sign_in: str) -> bool:
        """Whether the sign-in did not allow the endpoint when it was asked last."""
        return (self[f"refused/{endpoint}"] or {}).get("sign_in") == sign_in

    def missing_scopes(self, sign_in: str) -> list[str]:
        """The scopes that the sign-in was found to lack, by name."""
        lacking = (value for value in self._refused().values() if value.get("sign_in") == sign_in)
        return sorted({value["scope"] for value in lacking})

    def refused_endpoints(self) -> list[str]:
        """What Spotify does not let this app or listener ask, whatever the sign-in allows."""
        return sorted(name for name, value in self._refused().items() if "sign_in" not in value)

    def _refused(self) -> dict[str, dict[str, Any]]:
        return {
            key.removeprefix("refused/"): value
            for key, value in self.values.items()
            if key.startswith("refused/")
        }


def pipeline_of(listener: str) -> str:
    """The name of the dlt pipeline whose state it is."""
    return f"{SCHEMA}_{listener}"


def memory_of(warehouse: Warehouse, listener: str) -> Memory:
    """What is remembered of a listener in a warehouse with the raw tables."""
    return Memory(warehouse.remembered(SCHEMA, pipeline_of(listener)))


def apply_changes(values: dict[str, Any], changes: Changes) -> None:
    """Put changes into remembered values; None forgets."""
    for key, value in changes.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value
