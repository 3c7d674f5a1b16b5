"""The raw tables: one declaration of fields each, from which parser, types and schema follow.

A field carries the name that Spotify gave it; its column is that name in snake case. What is
declared here is checked strictly; what Spotify adds later is kept as a new column by its JSON
type (`reader.py`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

import pyarrow as pa

SCHEMA: Final = "spotify_export"

UTC_TIMESTAMP: Final = pa.timestamp("us", "UTC")


class FieldType(NamedTuple):
    """How a JSON value becomes a column."""

    json: type
    """The Python type of the JSON value; a text for every time."""
    arrow: pa.DataType
    pattern: str | None = None
    """The exact form of a time's text, as a regular expression; without `UTC_SUFFIXES` it is
    ISO 8601 in UTC. None where the value is stored as given."""


#: The characters that a time may end with, `Z` or `Z[UTC]`: the zone, which all of them have.
UTC_SUFFIXES: Final = "Z[UTC]"

TEXT: Final = FieldType(str, pa.string())
INTEGER: Final = FieldType(int, pa.int64())
REAL: Final = FieldType(float, pa.float64())
BOOLEAN: Final = FieldType(bool, pa.bool_())
SECOND: Final = FieldType(str, UTC_TIMESTAMP, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$")
MINUTE: Final = FieldType(str, UTC_TIMESTAMP, r"^\d{4}-\d\d-\d\d \d\d:\d\d$")
SEARCH_TIME: Final = FieldType(
    str, UTC_TIMESTAMP, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z(?:\[UTC\])?$"
)
DATE: Final = FieldType(str, pa.date32(), r"^\d{4}-\d\d-\d\d$")

LINEAGE: Final[tuple[pa.Field[pa.DataType], ...]] = (
    pa.field("listener", pa.string()),
    pa.field("file_sha256", pa.string()),
    pa.field("file_row", pa.int64()),
    pa.field("loaded_at", UTC_TIMESTAMP),
)

#: Held by who imports dlt: its modules import each other in a circle, and of two threads that begin
#: at the same time, one that reads and one that loads, each may wait for the other.
DLT_IMPORT: Final = threading.Lock()

_SNAKE: Final = re.compile(r"[a-z]+(_[a-z]+)*")
_CAMEL: Final = re.compile(r"[a-z]+([A-Z][a-z]+)*")


def column_name(json_name: str) -> str:
    """The column of a field: snake case as dlt spells it (`msPlayed` → `ms_played`).

    Raises:
        ValueError: nothing in the name can be part of a column's name.
    """
    if _SNAKE.fullmatch(json_name):
        return json_name
    if _CAMEL.fullmatch(json_name):
        return re.sub("([A-Z])", r"_\1", json_name).lower()
    with DLT_IMPORT:
        # here, because dlt is slow to import, and every process that reads files would wait
        from dlt.common.normalizers.naming.snake_case import NamingConvention

    return NamingConvention().normalize_identifier(json_name)


@dataclass(frozen=True, eq=False)
class RawTable:
    """One raw table and the JSON objects that fill it.

    Attributes:
        name: of the table.
        fields: each field's type, by Spotify's name.
        required: fields without which a row cannot be typed.
        time: the field that says when it happened; its bounds are checked.
        ignored: fields that are known and not kept.
    """

    name: str
    fields: Mapping[str, FieldType]
    required: frozenset[str] = frozenset()
    time: str | None = None
    ignored: frozenset[str] = frozenset()

    @cached_property
    def columns(self) -> Mapping[str, FieldType]:
        """Each declared column's type, without lineage."""
        return MappingProxyType({column_name(name): kind for name, kind in self.fields.items()})

    @cached_property
    def schema(self) -> pa.Schema:
        """Lineage first, then the declared columns."""
        own = [pa.field(name, kind.arrow) for name, kind in self.columns.items()]
        return pa.schema([*LINEAGE, *own])


#: Spotify's private fields of the extended history, over all eras.
PRIVATE_FIELDS: Final = frozenset(
    {
        "username",
        "ip_addr",
        "ip_addr_decrypted",
        "user_agent_decrypted",
        "city",
        "region",
        "metro_code",
        "latitude",
        "longitude",
    }
)

_PRIVATE_WORDS = re.compile(
    r"\b(ip|ipv[46]|city|region|metro|lat|lon|lng|geo|geohash|gps|location|coordinates?|gender"
    r"|(tele)?phone|mobile|postcode|zip|zipcode|street|addr|imei|imsi|collaborators?|iban)\b"
)
_PRIVATE_PARTS = re.compile(
    r"username|useragent|useraddr|userid|email|birth|latitude|longitude|postal|address"
    r"|(first|last|full|sur)name"
)


@lru_cache(maxsize=10_000)
def looks_private(json_name: str) -> bool:
    """Whether a field that nobody has declared could say who or where the listener is."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", json_name).lower()
    words = re.sub(r"[^a-z0-9]+", " ", words)
    return (
        json_name in PRIVATE_FIELDS
        or _PRIVATE_WORDS.search(words) is not None
        or _PRIVATE_PARTS.search(words.replace(" ", "")) is not None
    )


STREAMING_HISTORY: Final = RawTable(
    "streaming_history",
    {
        "ts": SECOND,
        "platform": TEXT,
        "ms_played": INTEGER,
        "conn_country": TEXT,
        "master_metadata_track_name": TEXT,
        "master_metadata_album_artist_name": TEXT,
        "master_metadata_album_album_name": TEXT,
        "spotify_track_uri": TEXT,
        "episode_name": TEXT,
        "episode_show_name": TEXT,
        "spotify_episode_uri": TEXT,
        "audiobook_title": TEXT,
        "audiobook_uri": TEXT,
        "audiobook_chapter_uri": TEXT,
        "audiobook_chapter_title": TEXT,
        "reason_start": TEXT,
        "reason_end": TEXT,
        "shuffle": BOOLEAN,
        "skipped": BOOLEAN,
        "offline": BOOLEAN,
        "offline_timestamp": INTEGER,
        "incognito_mode": BOOLEAN,
    },
    required=frozenset({"ts", "ms_played"}),
    time="ts",
    ignored=PRIVATE_FIELDS,
)

ACCOUNT_STREAMING_HISTORY: Final = RawTable(
    "account_streaming_history",
    {
        "endTime": MINUTE,
        "artistName": TEXT,
        "trackName": TEXT,
        "podcastName": TEXT,
        "episodeName": TEXT,
        "audiobookName": TEXT,
        "chapterName": TEXT,
        "authorName": TEXT,
        "msPlayed": INTEGER,
    },
    required=frozenset({"endTime", "msPlayed"}),
    time="endTime",
)

LIBRARY_ITEMS: Final = RawTable(
    "library_items",
    {
        "section": TEXT,
        "uri": TEXT,
        "artist": TEXT,
        "album": TEXT,
        "track": TEXT,
        "name": TEXT,
        "show": TEXT,
        "publisher": TEXT,
    },
)

PLAYLISTS: Final = RawTable(
    "playlists",
    {
        "playlistRow": INTEGER,
        "name": TEXT,
        "lastModifiedDate": DATE,
        "description": TEXT,
        "numberOfFollowers": INTEGER,
    },
)

PLAYLIST_ITEMS: Final = RawTable(
    "playlist_items",
    {
        "playlistRow": INTEGER,
        "itemRow": INTEGER,
        "itemType": TEXT,
        "trackName": TEXT,
        "artistName": TEXT,
        "albumName": TEXT,
        "trackUri": TEXT,
        "episodeName": TEXT,
        "showName": TEXT,
        "episodeUri": TEXT,
        "audiobookName": TEXT,
        "authorName": TEXT,
        "audiobookUri": TEXT,
        "chapterName": TEXT,
        "chapterUri": TEXT,
        "localTrackUri": TEXT,
        "addedDate": DATE,
    },
    ignored=frozenset({"addedBy"}),
)

SEARCH_QUERIES: Final = RawTable(
    "search_queries",
    {"platform": TEXT, "searchTime": SEARCH_TIME, "searchQuery": TEXT},
    time="searchTime",
)

SEARCH_QUERY_INTERACTIONS: Final = RawTable(
    "search_query_interactions", {"interactionRow": INTEGER, "uri": TEXT}
)

FOLLOWS: Final = RawTable("follows", {"relation": TEXT, "name": TEXT, "userCount": INTEGER})

MARQUEE: Final = RawTable("marquee", {"artistName": TEXT, "segment": TEXT})

RAW_TABLES: Final = (
    STREAMING_HISTORY,
    ACCOUNT_STREAMING_HISTORY,
    LIBRARY_ITEMS,
    PLAYLISTS,
    PLAYLIST_ITEMS,
    SEARCH_QUERIES,
    SEARCH_QUERY_INTERACTIONS,
    FOLLOWS,
    MARQUEE,
)


def _schema(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


IMPORT_FILES: Final = _schema(
    file_key=pa.string(),
    listener=pa.string(),
    archive=pa.string(),
    member=pa.string(),
    kind=pa.string(),
    file_sha256=pa.string(),
    bytes=pa.int64(),
    rows=pa.int64(),
    problem_rows=pa.int64(),
    first_at=UTC_TIMESTAMP,
    last_at=UTC_TIMESTAMP,
    status=pa.string(),
    reason=pa.string(),
    loaded_at=UTC_TIMESTAMP,
)

IMPORT_PROBLEMS: Final = _schema(
    file_key=pa.string(),
    listener=pa.string(),
    archive=pa.string(),
    member=pa.string(),
    file_sha256=pa.string(),
    file_row=pa.int64(),
    reason=pa.string(),
    raw=pa.string(),
    loaded_at=UTC_TIMESTAMP,
)

LISTENERS: Final = _schema(
    listener=pa.string(),
    time_zone=pa.string(),
    time_zone_source=pa.string(),
    updated_at=UTC_TIMESTAMP,
)

#: Every table of the schema, with its columns.
DECLARED: Final[Mapping[str, pa.Schema]] = MappingProxyType(
    {table.name: table.schema for table in RAW_TABLES}
    | {
        "import_files": IMPORT_FILES,
        "import_problems": IMPORT_PROBLEMS,
        "listeners": LISTENERS,
    }
)
