"""One writer at a time on BigQuery, which has no locks that end with who holds them.

The lock is a table: BigQuery makes it for one alone, and deletes it by itself when its expiration
has come. Who writes puts that off, minute by minute; who was killed does not, and is in the way for
five minutes at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from google.api_core.exceptions import Conflict, GoogleAPIError, NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from ingestion.errors import WarehouseError
from ingestion.warehouse.renewal import renewed

#: The name of the table.
LOCK: Final = "write_lock"

_LASTS: Final = timedelta(minutes=5)
_RENEWED_AFTER_SECONDS: Final = 60.0

_RETRY: Final = DEFAULT_RETRY.with_timeout(30)


class WriteLock:
    """The lock of one who writes. Get it from `only_writer`."""

    def __init__(self, client: bigquery.Client, table: bigquery.Table) -> None:
        self._client = client
        self._table = table

    def check(self) -> None:
        """Make sure that nobody else can hold it yet.

        Raises:
            WarehouseError: it was not renewed in time, as when the machine has slept.
        """
        if not self._is_ours:
            raise WarehouseError(
                "this run has lost its place as the only writer (no network, or the machine has"
                " slept): run again, what was loaded stays"
            )

    @property
    def _is_ours(self) -> bool:
        return bool(self._table.expires and datetime.now(UTC) < self._table.expires)

    def renew(self) -> None:
        """Put off its end, unless it is another's by now."""
        renewed = bigquery.Table.from_api_repr(self._table.to_api_repr())
        renewed.expires = datetime.now(UTC) + _LASTS
        # with its etag, so that BigQuery refuses if the table is not the one that was read
        self._table = self._client.update_table(renewed, ["expires"], retry=_RETRY)

    def release(self) -> None:
        """Let the next one write."""
        if self._is_ours:
            self._client.delete_table(self._table, not_found_ok=True, retry=_RETRY)


@contextmanager
def only_writer(client: bigquery.Client, dataset: str, place: str) -> Iterator[WriteLock]:
    """Hold the lock of a dataset, which is made if it is not there.

    Raises:
        WarehouseError: somebody else holds it.
    """
    lock = WriteLock(client, _taken(client, dataset, place))
    # one that fails is tried again; if none succeeds in time, the lock ends, and `check` tells
    renewing = renewed(lock.renew, _RENEWED_AFTER_SECONDS, (GoogleAPIError, OSError))
    try:
        with renewing:
            yield lock
    finally:
        lock.release()


def _taken(client: bigquery.Client, dataset: str, place: str) -> bigquery.Table:
    lock = bigquery.Table(f"{client.project}.{dataset}.{LOCK}")
    lock.expires = datetime.now(UTC) + _LASTS
    try:  # once: when an answer was lost on its way, asking again would find a lock of our own
        try:
            return client.create_table(lock, retry=None)
        except NotFound:
            client.create_dataset(dataset, exists_ok=True, retry=_RETRY)
            return client.create_table(lock, retry=None)
    except Conflict:
        raise WarehouseError(
            f"another run is writing to {place}: wait until it has ended, and try again (one that"
            f" was killed is out of the way in {_LASTS.seconds // 60} minutes)"
        ) from None
