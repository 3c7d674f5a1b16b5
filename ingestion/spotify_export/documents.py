"""The nested files of an export, unnested: one plain object per row of a raw table.

Nothing is interpreted. A part that does not have the shape that it has in Spotify's files is
passed on as it is, under the name of its place, and becomes a problem or a new column there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ingestion.spotify_export.kinds import Kind
from ingestion.spotify_export.tables import (
    FOLLOWS,
    LIBRARY_ITEMS,
    PLAYLIST_ITEMS,
    PLAYLISTS,
    SEARCH_QUERIES,
    SEARCH_QUERY_INTERACTIONS,
    RawTable,
)

Json: TypeAlias = Any
Rows: TypeAlias = list[tuple[int, Json]]
"""Each row with its 1-based position in the file."""

_ITEM_TYPES = {
    "track": "track",
    "episode": "episode",
    "audiobook": "audiobook",
    "localTrack": "local",
}


def unnest(document: Json, kind: Kind) -> Iterator[tuple[RawTable, Rows]]:
    """The rows of each table that a document fills."""
    if kind is Kind.SEARCH_QUERIES:
        yield from _search_queries(document)
    elif kind is Kind.PLAYLISTS:
        yield from _playlists(document)
    elif kind is Kind.LIBRARY:
        yield LIBRARY_ITEMS, list(_library_items(document))
    elif kind is Kind.FOLLOW:
        yield FOLLOWS, list(_follows(document))


def _search_queries(queries: Json) -> Iterator[tuple[RawTable, Rows]]:
    rows: Rows = []
    interactions: Rows = []
    for position, query in _numbered(queries):
        rest, uris = _take(query, "searchInteractionURIs", list)
        rows.append((position, rest))
        for interaction_row, uri in _numbered(uris):
            interactions.append((position, {"interactionRow": interaction_row, "uri": uri}))
    yield SEARCH_QUERIES, rows
    yield SEARCH_QUERY_INTERACTIONS, interactions


def _playlists(document: Json) -> Iterator[tuple[RawTable, Rows]]:
    playlists: Rows = []
    items: Rows = []
    for playlist_row, playlist in _numbered(_of(document, "playlists")):
        rest, entries = _take(playlist, "items", list)
        playlists.append((playlist_row, _with({"playlistRow": playlist_row}, rest)))
        for item_row, entry in _numbered(entries):
            place = {"playlistRow": playlist_row, "itemRow": item_row}
            items.append((len(items) + 1, _with(place, _playlist_item(entry))))
    yield PLAYLISTS, playlists
    yield PLAYLIST_ITEMS, items


def _playlist_item(entry: Json) -> Json:
    """`{track: {trackName: …} | null, episode: null, …, addedDate}` as one flat object."""
    for name, item_type in _ITEM_TYPES.items():
        entry, inner = _take(entry, name, dict)
        if inner is not None:
            if name == "localTrack":
                inner = {("localTrackUri" if key == "uri" else key): inner[key] for key in inner}
            entry = _with({"itemType": item_type}, inner | entry)
    return entry


def _library_items(document: Json) -> Iterator[tuple[int, Json]]:
    for section, items in _items_of(document):
        for position, item in _numbered(items):
            row = {"uri": item} if isinstance(item, str) else item
            yield position, _with({"section": section}, row)


def _follows(document: Json) -> Iterator[tuple[int, Json]]:
    """Lists of names by relation; some exports hold only counts."""
    position = 0
    for relation, people in _items_of(document):
        for person in people if isinstance(people, list) else [people]:
            position += 1
            if isinstance(person, str):
                row: Json = {"name": person}
            elif isinstance(person, int):
                row = {"userCount": person}
            else:
                row = person
            yield position, _with({"relation": relation}, row)


def _numbered(value: Json) -> Iterator[tuple[int, Json]]:
    """The items of a list from 1 on; a value that is no list counts as its only item."""
    if value is not None:
        yield from enumerate(value if isinstance(value, list) else [value], start=1)


def _of(document: Json, name: str) -> Json:
    return document.get(name) if isinstance(document, dict) else document


def _items_of(document: Json) -> list[tuple[str, Json]]:
    return list(document.items()) if isinstance(document, dict) else [("", document)]


def _take(value: Json, name: str, shape: type) -> tuple[Json, Json]:
    """`value` without its part `name`, and that part; the part stays if of another shape."""
    if isinstance(value, dict) and isinstance(value.get(name), shape | None):
        return {key: value[key] for key in value if key != name}, value.get(name)
    return value, None


def _with(place: dict[str, Any], row: Json) -> Json:
    """The row with its place in front; what is no object stays as it is, to be set aside."""
    return place | row if isinstance(row, dict) else row
