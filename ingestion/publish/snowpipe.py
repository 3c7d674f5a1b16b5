"""`spotify-elt publish snowpipe`: plays of the Web API as JSON lines, for a Snowpipe to load.

s3://bucket/prefix/
    snowpipe.sql                                                  the objects that load them
    listening_history/2026/03/01/me-1772340300.123456.jsonl.gz    plays that ended on that day, UTC

A file is the plays of one day that one load has brought into the warehouse. It is written whole,
once, under a name that follows from them, and that name is all there is of state: what is there is
published, from whichever disk or warehouse. The days of a load are written in their order, so that
it is done when the last of them is there.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from ingestion.errors import UserError
from ingestion.publish.bucket import Bucket, told_in_one_line
from ingestion.publish.snowpipe_sql import COLUMNS, FOLDER, snowpipe_sql
from ingestion.settings import Settings
from ingestion.spotify_api.tables import SCHEMA
from ingestion.warehouse import Warehouse, engine_of, open_warehouse

Line: TypeAlias = dict[str, Any]

Written: TypeAlias = Callable[[str, int], None]
"""Called with each file's name and its number of plays, once it is there."""

_DDL: Final = "snowpipe.sql"

_NOTHING_YET: Final = "no plays are collected yet: run `spotify-elt login`, then `collect`"

_PLAYS: Final = f"{SCHEMA}.recently_played"
_ARTISTS: Final = f"{_PLAYS}__track__artists"

#: A load that is still at work, or was killed, is not among them; see docs/adr/0016.
_ENDED: Final = f"_dlt_load_id in (select load_id from {SCHEMA}._dlt_loads where status = 0)"

#: Each holds the plays of a poll, so some thousands of rows at a time.
_LOADS_AT_ONCE: Final = 100

#: Whatever else lies in the folder of a day is somebody's, and is not read.
_OURS: Final = re.compile(r".+/[^/]+-\d+[.]\d+[.]jsonl[.]gz")

_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


class _Load(NamedTuple):
    """What one load has brought of one listener's."""

    id: str
    listener: str

    def file(self, day: date) -> str:
        """The name of the file of one day."""
        return f"{FOLDER}/{day:%Y/%m/%d}/{self.listener}-{self.id}.jsonl.gz"


@dataclass(frozen=True)
class Report:
    """What one publish has written."""

    files: int
    plays: int


def publish_to_snowpipe(
    settings: Settings, address: str, *, role: str | None = None, on_file: Written | None = None
) -> Report:
    """Write the plays that are not there yet, and how Snowflake loads them.

    Args:
        settings: of this run.
        address: s3://bucket/prefix.
        role: ARN of the role by which Snowflake reads the bucket. The SQL is written when it is
            given, and where there is none.
        on_file: called after each file.

    Raises:
        UserError: nothing was collected yet, or the role is none.
        WarehouseError: the warehouse cannot be opened, or the bucket refuses.
    """
    if role and not _ROLE.fullmatch(role):
        raise UserError(f"{role} is not the ARN of a role: arn:aws:iam::123456789012:role/name")
    bucket = Bucket(settings, address)
    if not engine_of(settings).exists():
        raise UserError(_NOTHING_YET)
    files = plays = 0
    with (
        open_warehouse(settings, read_only=True) as warehouse,
        told_in_one_line(bucket.address),
    ):
        if "recently_played" not in warehouse.tables(SCHEMA):
            raise UserError(_NOTHING_YET)
        if role or bucket.read(_DDL) is None:
            bucket.replace(_DDL, snowpipe_sql(bucket.address, role).encode())
        published = _Published(bucket)
        for load, lines in _lacking(warehouse, published):
            for name, count in published.add(load, lines):
                files += 1
                plays += count
                if on_file:
                    on_file(name, count)
    return Report(files, plays)


class _Published:
    """What lies in the bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._names: dict[str, set[str]] = defaultdict(set)
        for name in filter(_OURS.fullmatch, bucket.names(f"{FOLDER}/")):
            self._names[_folder_of(name)].add(name)
        self._plays: dict[str, set[tuple[Any, ...]]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._names[_folder_of(name)]

    def add(self, load: _Load, lines: list[Line]) -> Iterator[tuple[str, int]]:
        """Write what is lacking of a load, a file for each day; give what was written.

        A play that another file holds is left out: the warehouse may have been lost, and Spotify
        asked for its latest plays once more.
        """
        by_day: dict[date, list[Line]] = defaultdict(list)
        for line in lines:
            by_day[line["played_at"].date()].append(line)
        for day, of_day in sorted(by_day.items()):
            name = load.file(day)
            if name in self:
                continue
            known = self._known(_folder_of(name))
            new = {_key(line): line for line in of_day if _key(line) not in known}
            if new and self._bucket.create(name, _compressed(list(new.values()))):
                yield name, len(new)
            if new:
                self._names[_folder_of(name)].add(name)
                known.update(new)

    def _known(self, folder: str) -> set[tuple[Any, ...]]:
        """The plays of a day that are there."""
        if folder not in self._plays:
            names = self._names[folder]
            lines = [line for name in names for line in _lines(self._bucket.read(name))]
            self._plays[folder] = {_key(line) for line in lines}
        return self._plays[folder]


def _lacking(warehouse: Warehouse, published: _Published) -> Iterator[tuple[_Load, list[Line]]]:
    """The loads of which something is not there, the oldest first, with all their plays."""
    loads = warehouse.query(
        f"select _dlt_load_id, listener, max(played_at) from {_PLAYS} where {_ENDED}"
        " group by _dlt_load_id, listener order by _dlt_load_id, listener"
    )
    lacking = [
        _Load(id_, listener)
        for id_, listener, last in loads
        if _Load(id_, listener).file(last.astimezone(UTC).date()) not in published
    ]
    for first in range(0, len(lacking), _LOADS_AT_ONCE):
        some = lacking[first : first + _LOADS_AT_ONCE]
        lines = _plays_of(warehouse, sorted({load.id for load in some}))
        for load in some:
            yield load, lines[load]


def _plays_of(warehouse: Warehouse, loads: list[str]) -> dict[_Load, list[Line]]:
    """The plays of some loads, in the order in which they were heard."""
    of_loads = f"_dlt_load_id in ({', '.join('?' * len(loads))})"
    artists: dict[str, list[dict[str, str | None]]] = defaultdict(list)
    for parent, id_, name in warehouse.query(
        f"select _dlt_parent_id, id, name from {_ARTISTS} where _dlt_parent_id in"
        f" (select _dlt_id from {_PLAYS} where {of_loads}) order by _dlt_parent_id, _dlt_list_idx",
        loads,
    ):
        artists[parent].append({"id": id_, "name": name})
    sources = [column.source for column in COLUMNS if column.source]
    lines: dict[_Load, list[Line]] = defaultdict(list)
    line: Line
    for id_, load, *values in warehouse.query(
        f"select _dlt_id, _dlt_load_id, {', '.join(sources)} from {_PLAYS} where {of_loads}"
        " order by played_at, track__uri",
        loads,
    ):
        given = dict(zip(sources, values, strict=True))
        line = {
            column.name: _told(given[column.source]) if column.source else artists[id_]
            for column in COLUMNS
        }
        lines[_Load(load, line["listener"])].append(line)
    return lines


def _told(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _key(line: Line) -> tuple[Any, ...]:
    """What makes a play one, in a row and in a line that is read back."""
    played_at = line.get("played_at")
    if isinstance(played_at, str):
        played_at = datetime.fromisoformat(played_at)
    return line.get("listener"), played_at, line.get("track_id") or line.get("track_uri")


def _folder_of(name: str) -> str:
    return name.rpartition("/")[0]


def _compressed(lines: list[Line]) -> bytes:
    """The same bytes for the same plays."""
    return gzip.compress(msgspec.json.Encoder().encode_lines(lines), mtime=0)


def _lines(content: bytes | None) -> list[Line]:
    lines: list[Line] = msgspec.json.Decoder().decode_lines(gzip.decompress(content or b""))
    return lines
