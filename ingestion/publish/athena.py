"""`spotify-elt publish athena`: the marts as Parquet in object storage, and Athena's tables.

s3://bucket/prefix/
    published.json      which write is the current one; by it the place is known as ours
    athena.sql          the DDL of the current one's tables
    20260301T041500.123456Z-5f3a/fct_plays/listener=me/year_month=2026-03/data_0.parquet

Each write goes below a prefix of its own, and tables are pointed to it when all of it is there. The
write before stays until the next one is done, for queries that run and for tables made by hand; so
does what is newer than that, which a run that was killed has left, or one that is at work.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias
from urllib.parse import unquote

from ingestion.descriptions import Described
from ingestion.errors import UserError
from ingestion.parquet import columns_of_marts, write_mart
from ingestion.publish.athena_tables import Table, table_of
from ingestion.publish.bucket import Bucket, told_in_one_line
from ingestion.publish.glue import GlueDatabase
from ingestion.settings import Settings
from ingestion.transform import describe_models
from ingestion.warehouse import Warehouse, engine_of, open_warehouse

Published: TypeAlias = Callable[[str, int], None]
"""Called with each mart and its number of rows, once its files are there; none is read yet."""

_MARK: Final = "published.json"
_DDL: Final = "athena.sql"


def publish_to_athena(
    settings: Settings,
    address: str,
    *,
    glue_database: str | None = None,
    on_mart: Published | None = None,
) -> int:
    """Write every mart below an address, and say to Athena where it is.

    Args:
        settings: of this run.
        address: s3://bucket/prefix, empty or published to before.
        glue_database: whose tables are pointed to the new files; made if it is not there.
        on_mart: called after each mart.

    Returns:
        How many rows were published.

    Raises:
        UserError: there are no marts yet, or what is there must not be replaced.
        WarehouseError: the warehouse cannot be opened, or a service refuses.
        BuildError: dbt cannot say what the models are.
    """
    bucket = Bucket(settings, address)
    if not engine_of(settings).exists():
        raise UserError("there are no marts yet: run `spotify-elt run` first")
    described = describe_models(settings)
    with (
        open_warehouse(settings, read_only=True) as warehouse,
        told_in_one_line(bucket.address),
    ):
        marts = columns_of_marts(warehouse)
        glue = GlueDatabase(settings, glue_database) if glue_database else None
        if glue:
            glue.refuse_what_is_not_ours(marts)
        before = _claim(bucket)
        write = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(2)}"
        tables: list[Table] = []
        rows = 0
        for mart, types in marts.items():
            table, count = _upload(
                settings, warehouse, bucket, write, mart, types, described.get(mart)
            )
            tables.append(table)
            rows += count
            if on_mart:
                on_mart(mart, count)
    with told_in_one_line(bucket.address):
        if glue:
            glue.point_to(tables)
        bucket.replace(_DDL, _script(tables, write).encode())
        bucket.replace(_MARK, json.dumps({"write": write}).encode())
        if before:
            bucket.delete(_older_than(before, bucket, but=write))
    return rows


def _claim(bucket: Bucket) -> str | None:
    """Mark an empty place as ours; the current write of one that is.

    Raises:
        UserError: it holds something else.
    """
    mark = bucket.read(_MARK)
    if mark is not None:
        current: str | None = json.loads(mark)["write"]
        return current
    if next(bucket.names(), None) is not None:
        raise UserError(
            f"{bucket.address} holds something that `publish athena` has not written: give an"
            " empty prefix"
        )
    bucket.replace(_MARK, json.dumps({"write": None}).encode())
    return None


def _upload(
    settings: Settings,
    warehouse: Warehouse,
    bucket: Bucket,
    write: str,
    mart: str,
    types: dict[str, str],
    described: Described | None,
) -> tuple[Table, int]:
    """Write one mart, by way of this machine's disk, which holds one at a time."""
    with TemporaryDirectory(prefix="spotify-elt-") as folder:
        here = Path(folder) / mart
        count = write_mart(warehouse, mart, types, here)
        # Hive leaves names of listeners as they are, where DuckDB writes %40
        files = {unquote(str(file.relative_to(here))): file for file in here.rglob("*.parquet")}
        bucket.upload({f"{write}/{mart}/{name}": file for name, file in files.items()})
    table = table_of(
        mart,
        types,
        described,
        f"{bucket.address}/{write}/{mart}/",
        [name.rpartition("/")[0] for name in files if "/" in name],
        {"listener": settings.listener, "year_month": f"{datetime.now(UTC):%Y-%m}"},
    )
    return table, count


def _script(tables: list[Table], write: str) -> str:
    opening = (
        f"-- The marts for Athena, by `spotify-elt publish athena`: the files of {write}.\n"
        "-- Athena takes one statement at a time. Run them again after each publish, for the one\n"
        "-- after the next deletes these files; or let --glue-database point to the new ones."
    )
    return "\n\n".join([opening, *(table.ddl() for table in tables)]) + "\n"


def _older_than(write: str, bucket: Bucket, *, but: str) -> Iterator[str]:
    """The files of writes before one, by their times; a clock that was set back spares `but`."""
    for name in bucket.names():
        of_write, slash, _ = name.partition("/")
        if not slash:
            continue
        if of_write >= write:
            return
        if of_write != but:
            yield name
