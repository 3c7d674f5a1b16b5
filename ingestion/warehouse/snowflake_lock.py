"""One writer at a time on Snowflake, whose own locks end with a statement or a transaction.

The lock is a row with an end, by Snowflake's clock. Snowflake lets updates of a table happen one
after the other, so of several who find that the end has come one alone becomes the owner. Who
writes puts the end off, minute by minute; who was killed does not, and is in the way for five
minutes at most.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from snowflake.connector.errors import Error, ProgrammingError

from ingestion.errors import WarehouseError
from ingestion.warehouse.renewal import renewed

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

#: The name of the table.
LOCK: Final = "write_lock"

_LASTS_SECONDS: Final = 300.0
_RENEWED_AFTER_SECONDS: Final = 60.0

#: Snowflake's number of the error that a table is there already.
_EXISTS: Final = 2002


class WriteLock:
    """The lock of one who writes. Get it from `only_writer`."""

    def __init__(self, connection: SnowflakeConnection, schema: str) -> None:
        self._connection = connection
        self._table = f"{schema}.{LOCK}"
        self._owner = uuid.uuid4().hex
        self._ends = 0.0

    def take(self) -> bool:
        """Become the owner, unless somebody is; say whether it went well."""
        try:
            # its first end comes with it: a row that is put in later would be put in twice
            self._run(
                f"create table {self._table} (owner varchar, ends_at timestamp_ntz)"
                " as select '', sysdate()"
            )
        except ProgrammingError as error:
            if error.errno != _EXISTS:
                raise
        return self._put_off(
            f"update {self._table} set owner = ?, ends_at = timestampadd(second, ?, sysdate())"
            " where ends_at <= sysdate()",
            [self._owner, int(_LASTS_SECONDS)],
        )

    def renew(self) -> None:
        """Put off its end, unless it is another's by now."""
        self._put_off(
            f"update {self._table} set ends_at = timestampadd(second, ?, sysdate())"
            " where owner = ?",
            [int(_LASTS_SECONDS), self._owner],
        )

    def check(self) -> None:
        """Make sure that nobody else can hold it yet.

        Raises:
            WarehouseError: it was not renewed in time, as when the machine has slept.
        """
        if monotonic() >= self._ends:
            raise WarehouseError(
                "this run has lost its place as the only writer (no network, or the machine has"
                " slept): run again, what was loaded stays"
            )

    def release(self) -> None:
        """Let the next one write."""
        self._run(
            f"update {self._table} set ends_at = sysdate() where owner = ?",
            [self._owner],
        )

    def _put_off(self, update: str, parameters: list[object]) -> bool:
        asked_at = monotonic()
        is_mine = self._run(update, parameters) == 1
        if is_mine:
            self._ends = asked_at + _LASTS_SECONDS
        return is_mine

    def _run(self, sql: str, parameters: list[object] | None = None) -> int | None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            changed: int | None = cursor.rowcount
            return changed


@contextmanager
def only_writer(connection: SnowflakeConnection, schema: str, place: str) -> Iterator[WriteLock]:
    """Hold the lock of a schema, which is made if it is not there.

    Args:
        connection: for the lock alone: a transaction on it would hold the lock back.
        schema: with its prefix.
        place: as a person would name it.

    Raises:
        WarehouseError: somebody else holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"create schema if not exists {schema}")
    lock = WriteLock(connection, schema)
    if not lock.take():
        raise WarehouseError(
            f"another run is writing to {place}: wait until it has ended, and try again (one that"
            f" was killed is out of the way in {int(_LASTS_SECONDS / 60)} minutes)"
        )
    try:
        with renewed(lock.renew, _RENEWED_AFTER_SECONDS, (Error, OSError)):
            yield lock
    finally:
        lock.release()
