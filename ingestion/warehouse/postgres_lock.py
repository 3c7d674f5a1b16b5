"""One writer at a time, by an advisory lock of a Postgres server's, which ends with its session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg2

from ingestion.errors import WarehouseError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class


@contextmanager
def only_writer(connection: Connection, name: str, place: str) -> Iterator[None]:
    """Hold the lock of this name for as long as the block runs.

    Args:
        connection: in which each statement is a transaction of its own.
        name: of the lock, the same for all who write there.
        place: as a person would name it.

    Raises:
        WarehouseError: another run holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtext(%s))", [name])
        [is_mine] = cursor.fetchone() or [False]
    if not is_mine:
        raise WarehouseError(
            f"another run is writing to {place}: wait until it has ended, and try again"
        )
    try:
        yield
    finally:
        # by itself a server lets go a little after the session; the next step may be faster
        with suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(hashtext(%s))", [name])
