"""From a file's bytes to Arrow tables: strict, fast where the file is as expected.

Almost every file decodes in one go into typed structs. One that does not is read row by row:
rows that cannot be typed are set aside with their reason, fields that nobody declared are kept
as new columns. A value is never guessed at: a number in a text column is set aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Annotated, Any, Final, TypeAlias, cast

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.spotify_export import documents, tables
from ingestion.spotify_export.kinds import EXTENDED, Kind, claimed_by_name, is_empty
from ingestion.spotify_export.tables import FieldType, RawTable

#: Spotify was founded in April 2006; a play before that is not a play.
EARLIEST: Final = datetime(2006, 1, 1, tzinfo=UTC)
#: Clocks of devices run ahead, by hours and not by days.
LATEST_AFTER_NOW: Final = timedelta(days=2)

#: Nothing on Spotify lasts a day: the longest play in real exports is a video episode of 3.5 hours.
LONGEST_PLAY: Final = timedelta(days=1)

#: Rows that are turned into columns at a time: more do not stay in the processor's cache.
_ROWS_PER_BLOCK: Final = 2_048

#: More new fields than this in one file, and it is not what it looks like.
MAX_NEW_FIELDS: Final = 100
#: Enough to see what was wrong with a row.
MAX_RAW_CHARACTERS: Final = 65_536

#: U+0000 in a JSON text, which not every warehouse can store.
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_JSON_TYPES: Final = {
    str: tables.TEXT,
    bool: tables.BOOLEAN,
    int: tables.INTEGER,
    float: tables.REAL,
    list: tables.TEXT,
    dict: tables.TEXT,
}
_TYPE_NAMES: Final = {str: "text", bool: "true/false", int: "a whole number", float: "a number"}

Json: TypeAlias = Any  # what json.loads gives: any JSON value
Array: TypeAlias = "pa.Array[Any]"


class UnreadableFileError(Exception):
    """The whole file cannot be read as what it claims; the message says where it broke."""


@dataclass(frozen=True)
class Problem:
    """A row that was set aside.

    Attributes:
        file_row: its 1-based position in the file; None for the whole file.
        reason: what is wrong, without the value.
        raw: its JSON without private fields, cut at `MAX_RAW_CHARACTERS`; None for a whole file
            or a row that is not JSON.
    """

    file_row: int | None
    reason: str
    raw: str | None = None


@dataclass
class Reading:
    """What one file holds.

    Attributes:
        kind: as its content shows.
        tables: the rows, by table, in the order of the file: `file_row` and the table's columns.
        problems: the rows that were set aside.
        first_at, last_at: the first and last time in it, UTC; None for kinds that have none.
        new_columns: the type of each column that is not declared, by table and column.
    """

    kind: Kind
    tables: dict[str, pa.Table] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    new_columns: dict[tuple[str, str], FieldType] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows that were read, over all tables."""
        return sum(table.num_rows for table in self.tables.values())


@dataclass(frozen=True)
class Policy:
    """What a reader may keep, and what the files before have shown.

    Attributes:
        keep_private: private fields that become columns all the same, by Spotify's name.
        new_columns: the type of each column that is not declared, by table and column, from the
            warehouse and from the files read so far. A later value of another type is set aside.
        now: the time of the run, UTC.
    """

    keep_private: frozenset[str] = frozenset()
    new_columns: dict[tuple[str, str], FieldType] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def drops(self, json_name: str) -> bool:
        """Whether a field must never leave the file."""
        return json_name not in self.keep_private and tables.looks_private(json_name)


def read(data: bytes, kind: Kind, base_name: str, policy: Policy) -> Reading:
    """Read one file of a known kind.

    Args:
        data: the file, without a byte order mark.
        kind: as its content shows. Extended files are told apart here, by name or by rows.
        base_name: of the file.
        policy: what to keep.

    Raises:
        UnreadableFileError: it is not JSON, cut, or of another shape than its kind.
    """
    reading = Reading(kind)
    for table, rows, positions in _rows_by_table(data, kind):
        arrow = _read_rows(table, rows, positions, policy, reading)
        if table.name in reading.tables:
            arrow = pa.concat_tables([reading.tables[table.name], arrow])
        reading.tables[table.name] = arrow
        if table.required:
            times = arrow[tables.column_name(table.time or "")]
            reading.first_at, reading.last_at = pc.min(times).as_py(), pc.max(times).as_py()
    if kind in EXTENDED and claimed_by_name(base_name) not in EXTENDED:
        reading.kind = _audio_or_video(reading.tables["streaming_history"])
    return reading


def require_json(data: bytes) -> None:
    """Make sure that a file is JSON, of whatever kind.

    Raises:
        UnreadableFileError: it is not; says where it broke.
    """
    _document(data)


def _rows_by_table(
    data: bytes, kind: Kind
) -> Iterator[tuple[RawTable, bytes | list[bytes], Sequence[int] | None]]:
    """The tables that a kind fills; a list's bytes as they are, a document's rows unnested."""
    if is_empty(data):
        return
    if kind in EXTENDED:
        yield tables.STREAMING_HISTORY, data, None
    elif kind in (Kind.ACCOUNT_MUSIC, Kind.ACCOUNT_PODCAST, Kind.ACCOUNT_AUDIOBOOK):
        yield tables.ACCOUNT_STREAMING_HISTORY, data, None
    elif kind is Kind.MARQUEE:
        yield tables.MARQUEE, data, None
    else:
        document = _document(data)
        for table, rows in documents.unnest(document, kind):
            encoded = [msgspec.json.encode(row) for _, row in rows]
            yield table, encoded, [position for position, _ in rows]


def _document(data: bytes) -> Json:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _loads_leniently(data)


def _audio_or_video(rows: pa.Table) -> Kind:
    """Tell by rows: measured, a track starts for an `unknown` reason in 99 % of Video rows.

    In Audio files 0.6 % do. Podcast rows say nothing: either file may hold them.
    """
    tracks = rows.filter(pc.is_valid(rows["spotify_track_uri"]))
    unknown = tracks["reason_start"].to_pylist().count("unknown")
    return Kind.EXTENDED_VIDEO if 2 * unknown > len(tracks) else Kind.EXTENDED_AUDIO


def _read_rows(
    table: RawTable,
    rows: bytes | list[bytes],
    positions: Sequence[int] | None,
    policy: Policy,
    reading: Reading,
) -> pa.Table:
    """Type the rows of one table; those that cannot be typed become problems of the reading."""
    raws: list[bytes] | None = None
    new_fields: dict[str, tuple[FieldType, list[Any]]] = {}
    structs, places = _decode_at_once(table, rows, policy)
    bad: dict[int, str] = {}
    if structs is None:
        raws = list(map(_without_nul, rows if isinstance(rows, list) else _split(rows)))
        structs, places, new_fields, bad = _decode_one_by_one(table, raws, policy, reading)
    arrays = _to_columns(table, structs)
    if any(map(_holds_nul, arrays.values())):
        clean = _without_nul(rows) if isinstance(rows, bytes) else list(map(_without_nul, rows))
        if clean != rows:
            return _read_rows(table, clean, positions, policy, reading)
    unacceptable = _unacceptable(table, structs, arrays, policy)
    if unacceptable:
        raws = raws or (rows if isinstance(rows, list) else _split(rows))
        bad |= {places[index]: reason for index, reason in unacceptable.items()}
    for column, (kind, values) in new_fields.items():
        arrays[column] = pa.array(values, kind.arrow)
    if positions is None:
        positions = range(1, len(places) + len(bad) + 1)
    for place in sorted(bad):
        raw = _without_private_fields(cast(list[bytes], raws)[place], policy)
        reading.problems.append(Problem(positions[place], bad[place], raw))
    kept = [positions[place] for place in places] if bad else positions
    file_rows = pa.array(kept, pa.int64())
    result = pa.table({"file_row": file_rows, **arrays})
    if unacceptable:
        keep = pa.array([index not in unacceptable for index in range(len(places))])
        result = result.filter(keep)
    return result


def _decode_at_once(
    table: RawTable, rows: bytes | list[bytes], policy: Policy
) -> tuple[list[msgspec.Struct] | None, Sequence[int]]:
    """All rows in one call, or None if any is not exactly as declared."""
    decoder = _decoder(table, policy.keep_private, many=True)
    try:
        data = rows if isinstance(rows, bytes) else b"[" + b",".join(rows) + b"]"
        structs = decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, ()
    return structs, range(len(structs))


def _decode_one_by_one(
    table: RawTable, raws: list[bytes], policy: Policy, reading: Reading
) -> tuple[
    list[msgspec.Struct],
    Sequence[int],
    dict[str, tuple[FieldType, list[Any]]],
    dict[int, str],
]:
    """The rows that can be typed, with their places, new columns, and the others' reasons."""
    decode = _decoder(table, policy.keep_private, many=False).decode
    known = table.fields.keys() | (table.ignored - policy.keep_private)
    bad: dict[int, str] = {}
    structs: dict[int, msgspec.Struct] = {}
    extras: dict[str, dict[int, Json]] = {}
    for place, raw in enumerate(raws):
        try:
            structs[place] = decode(raw)
            row = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            bad[place] = _reason(error)
            continue
        for name in row.keys() - known:
            if row[name] is not None and not policy.drops(name):
                extras.setdefault(name, {})[place] = row[name]
    if len(extras) > MAX_NEW_FIELDS:
        raise UnreadableFileError(f"{len(extras)} of its fields are none of {table.name}'s")
    new_columns = _type_new_fields(table, extras, policy, reading, bad)
    places = [place for place in structs if place not in bad]
    return (
        [structs[place] for place in places],
        places,
        {
            column: (kind, [values.get(place) for place in places])
            for column, (kind, values) in new_columns.items()
        },
        bad,
    )


def _type_new_fields(
    table: RawTable,
    extras: dict[str, dict[int, Json]],
    policy: Policy,
    reading: Reading,
    bad: dict[int, str],
) -> dict[str, tuple[FieldType, dict[int, Json]]]:
    """Give each new field its column; rows whose value has another type are added to `bad`."""
    columns: dict[str, tuple[FieldType, dict[int, Json]]] = {}
    known = policy.new_columns | reading.new_columns
    taken = table.schema.names
    for name in sorted(extras):
        values = {place: value for place, value in extras[name].items() if place not in bad}
        if not values:
            continue
        try:
            column = tables.column_name(name)
        except ValueError:
            column = ""
        if not column or column in taken or column in columns:
            bad |= dict.fromkeys(values, f"new field {name!r} has no column name of its own")
            continue
        kind, json_type = _type_of(values.values(), known.get((table.name, column)))
        typed: dict[int, Json] = {}
        for place, value in values.items():
            if not _is_a(value, json_type):
                expected = _TYPE_NAMES.get(json_type, "a list or object")
                bad[place] = f"new field {name!r} is of another type than before ({expected})"
            elif isinstance(value, list | dict):
                typed[place] = msgspec.json.encode(_scrub(value, policy)).decode()
            else:
                typed[place] = value
        reading.new_columns[table.name, column] = kind
        columns[column] = kind, typed
    return columns


def _type_of(values: Iterable[Json], known: FieldType | None) -> tuple[FieldType, type]:
    """The column type of a new field and the JSON type that its values must have.

    JSON has one type of number: a field with any fraction in it is a column of fractions.
    """
    json_types = [type(value) for value in values]
    first = float if json_types[0] is int and float in json_types else json_types[0]
    if known is None or (known is tables.TEXT and first in (str, list, dict)):
        return _JSON_TYPES[first], first
    return known, known.json


def _is_a(value: Json, json_type: type) -> bool:
    if json_type in (list, dict):
        return isinstance(value, list | dict)
    if json_type is float and type(value) is int:
        return True
    if json_type is int and type(value) is int:
        return -(2**63) <= value < 2**63
    return type(value) is json_type


def _to_columns(table: RawTable, structs: Sequence[msgspec.Struct]) -> dict[str, Array]:
    """Every declared column of the rows, block by block."""
    kinds = table.columns.values()
    blocks: list[list[Array]] = [[pa.array([], _json_arrow(kind)) for kind in kinds]]
    for start in range(0, len(structs), _ROWS_PER_BLOCK):
        rows = structs[start : start + _ROWS_PER_BLOCK]
        values = list(chain.from_iterable(map(msgspec.structs.astuple, rows)))
        width = len(rows[0].__struct_fields__)  # those that are ignored come last
        blocks.append(
            [pa.array(values[i::width], _json_arrow(kind)) for i, kind in enumerate(kinds)]
        )
    return {
        column: _typed(pa.concat_arrays(parts), kind)
        for (column, kind), parts in zip(
            table.columns.items(), zip(*blocks, strict=True), strict=True
        )
    }


def _json_arrow(kind: FieldType) -> pa.DataType:
    """The type of a column of values as JSON has them: a time is still a text."""
    return pa.string() if kind.pattern else kind.arrow


def _typed(array: Array, kind: FieldType) -> Array:
    """A column; a time whose text is not of its form, or no time, is null."""
    if kind.pattern is None:
        return array
    text = pc.if_else(pc.match_substring_regex(array, kind.pattern), array, None)
    text = pc.ascii_rtrim(text, characters=tables.UTC_SUFFIXES)
    is_date = kind.arrow == pa.date32()
    try:
        naive = text if is_date else text.cast(pa.timestamp("us"))
        return cast(Array, naive.cast(kind.arrow))
    except pa.ArrowInvalid:
        parse = _date_or_none if is_date else _time_or_none
        return pa.array(map(parse, text.to_pylist()), kind.arrow)


def _time_or_none(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _date_or_none(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


def _unacceptable(
    table: RawTable,
    structs: list[msgspec.Struct],
    arrays: dict[str, Array],
    policy: Policy,
) -> dict[int, str]:
    """The rows that have the right JSON types and still cannot be, with the reason."""
    bad: dict[int, str] = {}

    def note(mask: Array, reason: str) -> None:
        if pc.any(mask).as_py():
            for index in pc.indices_nonzero(mask).to_pylist():
                bad.setdefault(cast(int, index), reason)

    for name, kind in table.fields.items():
        column = arrays[tables.column_name(name)]
        if column.null_count and (name in table.required or kind.pattern):
            value = attrgetter(tables.column_name(name))
            given = pa.array([value(row) is not None for row in structs])
            if name in table.required:
                note(pc.invert(given), f"{name} is missing")
            note(pc.and_(given, pc.is_null(column)), f"{name} is not a time that can be read")
        if name == table.time:
            outside = pc.or_(
                pc.less(column, pa.scalar(EARLIEST, kind.arrow)),
                pc.greater(column, pa.scalar(policy.now + LATEST_AFTER_NOW, kind.arrow)),
            )
            note(outside, f"{name} is before 2006 or in the future")
        if name in ("ms_played", "msPlayed"):
            note(pc.less(column, pa.scalar(0)), f"{name} is negative")
            longest = pa.scalar(LONGEST_PLAY // timedelta(milliseconds=1))
            note(pc.greater(column, longest), f"{name} is more than a day")
    return bad


def _split(data: bytes) -> list[bytes]:
    """The rows of a list, each as it stands in the file.

    Raises:
        UnreadableFileError: it is no list, or breaks off; says in which row.
    """
    try:
        return [bytes(row) for row in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except (msgspec.MsgspecError, RecursionError):
        rows = _loads_leniently(data)
        if not isinstance(rows, list):
            raise UnreadableFileError("it is not a list of rows") from None
        return [json.dumps(row).encode() for row in rows]


def _without_nul(data: bytes) -> bytes:
    """JSON with U+FFFD in place of U+0000, as Unicode has it for what cannot be shown."""
    return _NUL.sub(rb"\1\\ufffd", data) if rb"\u0000" in data else data


def _holds_nul(array: Array) -> bool:
    """Whether U+0000 is in a text of a column: looked for here, where there is less to look at."""
    data = array.buffers()[2] if pa.types.is_string(array.type) else None
    return data is not None and b"\0" in data.to_pybytes()


def _loads_leniently(data: bytes) -> Json:
    """Read JSON that is well-formed but for characters in texts (half a surrogate pair).

    Raises:
        UnreadableFileError: it is not even that; says where it broke.
    """
    if not data.strip():
        raise UnreadableFileError("it is empty")
    text = data.decode("utf-8", "surrogateescape")
    try:
        return json.loads(text, strict=False)
    except RecursionError as error:
        raise UnreadableFileError("it is nested too deeply to be read") from error
    except json.JSONDecodeError as error:
        byte = len(text[: error.pos].encode("utf-8", "surrogateescape"))
        rows = _count_rows(text)
        after = f", after {rows:,} whole rows" if rows else ""
        raise UnreadableFileError(
            f"not JSON from byte {byte:,} of {len(data):,} on{after}: cut or damaged"
        ) from error


def _count_rows(text: str) -> int:
    """How many rows of a broken list are whole."""
    decode = json.JSONDecoder(strict=False).raw_decode
    count, position = 0, 1
    try:
        while True:
            while text[position] in " \t\r\n,":
                position += 1
            _, position = decode(text, position)
            count += 1
    except (ValueError, IndexError, RecursionError):
        return count


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return str(error).replace(" - at `$.", " at `")
    if isinstance(error, RecursionError):
        return "nested too deeply to be read"
    if isinstance(error, UnicodeDecodeError):
        return "holds bytes that are no text"
    return "not JSON that can be read"


def _without_private_fields(raw: bytes, policy: Policy) -> str | None:
    try:
        value = json.loads(raw.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None  # a value without a name may be anything
    text = json.dumps(_scrub(value, policy), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()[:MAX_RAW_CHARACTERS]


def _scrub(value: Json, policy: Policy) -> Json:
    if isinstance(value, dict):
        return {key: _scrub(v, policy) for key, v in value.items() if not policy.drops(key)}
    if isinstance(value, list):
        return [_scrub(item, policy) for item in value]
    return value


@cache
def _decoder(
    table: RawTable, keep_private: frozenset[str], *, many: bool
) -> msgspec.json.Decoder[Any]:
    """A parser of one table's rows: strict types, every field optional.

    `many` parses a whole list and refuses unknown fields; else one row, and lets them pass.
    """

    def declared(kind: FieldType) -> Any:
        return _Int64 if kind.json is int else kind.json

    struct = msgspec.defstruct(
        table.name,
        [
            *(
                (
                    tables.column_name(name),
                    declared(kind) | None,
                    msgspec.field(default=None, name=name),
                )
                for name, kind in table.fields.items()
            ),
            *(
                (f"ignored_{name}", Any, msgspec.field(default=None, name=name))
                for name in sorted(table.ignored - keep_private)
            ),
        ],
        gc=False,
        forbid_unknown_fields=many,
    )
    return msgspec.json.Decoder(list[struct] if many else struct)  # type: ignore[valid-type]
