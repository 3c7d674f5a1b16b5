"""The raw tables of the Web API: one declared shape each, from which columns and types follow.

A shape is written as Spotify's answer is nested. dlt unnests it by the rules that `columns` and
`RawTable.tables` follow: an object becomes columns (`album: {id}` → `album__id`), a list a child
table (`artists: [...]` → `tracks__artists`) whose rows point to their parent by `_dlt_parent_id`
and keep their order in `_dlt_list_idx`; a list of plain values has one column, `value`.

Every field of both contracts is declared (extended quota, and the development mode of 2026, which
lacks some), so that every column exists before Spotify has ever filled it. What Spotify adds later
comes in as a new column; a value of another type than declared as a column of its own
(`popularity__v_text`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, TypeAlias

SCHEMA: Final = "spotify_api"

Type: TypeAlias = Literal["text", "bigint", "double", "bool", "timestamp"]
Shape: TypeAlias = "Mapping[str, Type | Shape | list[Type | Shape]]"


@dataclass(frozen=True, eq=False)
class RawTable:
    """One raw table.

    Attributes:
        name: of the table.
        keys: columns that this project adds: whose row it is, when and where it was seen.
        answer: the part of Spotify's answer that follows.
    """

    name: str
    keys: Mapping[str, Type]
    answer: Shape = field(default_factory=dict)

    @cached_property
    def tables(self) -> Mapping[str, Mapping[str, Type]]:
        """Each table's columns and types, by name: this one first, a child after its parent."""
        return dict(_tables(self.name, {**self.keys, **self.answer}))

    def parent_of(self, table: str) -> str | None:
        """The table whose rows a child's rows belong to; None for the raw table itself."""
        parents = [name for name in self.tables if table.startswith(f"{name}__")]
        return max(parents, key=len, default=None)


def _tables(name: str, shape: Shape) -> Iterator[tuple[str, dict[str, Type]]]:
    columns: dict[str, Type] = {}
    children: dict[str, Shape] = {}
    _unnest(shape, "", columns, children)
    yield name, columns
    for child, shape_of_child in children.items():
        yield from _tables(f"{name}__{child}", shape_of_child)


def _unnest(
    shape: Shape, prefix: str, columns: dict[str, Type], children: dict[str, Shape]
) -> None:
    for name, kind in shape.items():
        if isinstance(kind, str):
            columns[prefix + name] = kind
        elif isinstance(kind, list):
            element = kind[0]
            children[prefix + name] = {"value": element} if isinstance(element, str) else element
        else:
            _unnest(kind, f"{prefix}{name}__", columns, children)


_LINK: Final[Shape] = {"spotify": "text"}
_IMAGE: Final[Shape] = {"url": "text", "height": "bigint", "width": "bigint"}
_RESTRICTIONS: Final[Shape] = {"reason": "text"}
_FOLLOWERS: Final[Shape] = {"href": "text", "total": "bigint"}
_COPYRIGHT: Final[Shape] = {"text": "text", "type": "text"}
_EXTERNAL_IDS: Final[Shape] = {"isrc": "text", "ean": "text", "upc": "text"}

#: What every object of Spotify's begins with.
_OBJECT: Final[Shape] = {
    "id": "text",
    "uri": "text",
    "href": "text",
    "type": "text",
    "external_urls": _LINK,
}
_NAMED: Final[Shape] = {**_OBJECT, "name": "text"}
_PAGE: Final[Shape] = {
    "href": "text",
    "limit": "bigint",
    "next": "text",
    "offset": "bigint",
    "previous": "text",
    "total": "bigint",
}

SIMPLE_ARTIST: Final[Shape] = _NAMED

ARTIST: Final[Shape] = {
    **_NAMED,
    "popularity": "bigint",
    "followers": _FOLLOWERS,
    "genres": ["text"],
    "images": [_IMAGE],
}

SIMPLE_ALBUM: Final[Shape] = {
    **_NAMED,
    "album_type": "text",
    "album_group": "text",
    "total_tracks": "bigint",
    "release_date": "text",
    "release_date_precision": "text",
    "is_playable": "bool",
    "restrictions": _RESTRICTIONS,
    "artists": [SIMPLE_ARTIST],
    "images": [_IMAGE],
}

SIMPLE_TRACK: Final[Shape] = {
    **_NAMED,
    "disc_number": "bigint",
    "track_number": "bigint",
    "duration_ms": "bigint",
    "explicit": "bool",
    "is_local": "bool",
    "is_playable": "bool",
    "preview_url": "text",
    "linked_from": _OBJECT,
    "restrictions": _RESTRICTIONS,
    "artists": [SIMPLE_ARTIST],
}

TRACK: Final[Shape] = {
    **SIMPLE_TRACK,
    "popularity": "bigint",
    "external_ids": _EXTERNAL_IDS,
    "album": SIMPLE_ALBUM,
}

ALBUM: Final[Shape] = {
    **SIMPLE_ALBUM,
    "label": "text",
    "popularity": "bigint",
    "external_ids": _EXTERNAL_IDS,
    "genres": ["text"],
    "copyrights": [_COPYRIGHT],
    "tracks": {**_PAGE, "items": [SIMPLE_TRACK]},
}

#: Without `episodes`: the first page of a list is no look at it, and those that were played are
#: asked for one by one.
SHOW: Final[Shape] = {
    **_NAMED,
    "publisher": "text",
    "description": "text",
    "html_description": "text",
    "media_type": "text",
    "explicit": "bool",
    "is_externally_hosted": "bool",
    "total_episodes": "bigint",
    "languages": ["text"],
    "copyrights": [_COPYRIGHT],
    "images": [_IMAGE],
}

EPISODE: Final[Shape] = {
    **_NAMED,
    "description": "text",
    "html_description": "text",
    "duration_ms": "bigint",
    "release_date": "text",
    "release_date_precision": "text",
    "explicit": "bool",
    "is_externally_hosted": "bool",
    "is_playable": "bool",
    "audio_preview_url": "text",
    "language": "text",
    "resume_point": {"fully_played": "bool", "resume_position_ms": "bigint"},
    "restrictions": _RESTRICTIONS,
    "show": SHOW,
    "languages": ["text"],
    "images": [_IMAGE],
}

AUDIO_FEATURES: Final[Shape] = {
    "id": "text",
    "uri": "text",
    "type": "text",
    "track_href": "text",
    "analysis_url": "text",
    "acousticness": "double",
    "danceability": "double",
    "energy": "double",
    "instrumentalness": "double",
    "liveness": "double",
    "loudness": "double",
    "speechiness": "double",
    "tempo": "double",
    "valence": "double",
    "duration_ms": "bigint",
    "key": "bigint",
    "mode": "bigint",
    "time_signature": "bigint",
}

PLAYLIST: Final[Shape] = {
    **_NAMED,
    "description": "text",
    "snapshot_id": "text",
    "primary_color": "text",
    "collaborative": "bool",
    "public": "bool",
    "owner": {**_OBJECT, "display_name": "text"},
    "items": {"href": "text", "total": "bigint"},
    "images": [_IMAGE],
}

#: An entry of a playlist is a track or an episode.
PLAYLIST_ITEM: Final[Shape] = {**EPISODE, **TRACK}

_SEEN: Final[Mapping[str, Type]] = {"listener": "text", "observed_at": "timestamp"}
_LISTED: Final[Mapping[str, Type]] = {**_SEEN, "position": "bigint"}
_SAVED: Final[Mapping[str, Type]] = {**_LISTED, "added_at": "timestamp"}
_RANKED: Final[Mapping[str, Type]] = {**_SEEN, "time_range": "text", "rank": "bigint"}
_OBSERVED: Final[Mapping[str, Type]] = {"observed_at": "timestamp"}

USERS: Final = RawTable(
    "users",
    _SEEN,
    {
        **_OBJECT,
        "account_id": "text",
        "display_name": "text",
        "country": "text",
        "product": "text",
        "followers": _FOLLOWERS,
        "images": [_IMAGE],
    },
)

#: `played_at` is when the play ended, to the millisecond.
RECENTLY_PLAYED: Final = RawTable(
    "recently_played",
    {**_SEEN, "played_at": "timestamp"},
    {
        "context": {"type": "text", "uri": "text", "href": "text", "external_urls": _LINK},
        "track": TRACK,
    },
)

PLAYLIST_TRACKS: Final = RawTable(
    "playlist_tracks",
    {
        **_SAVED,
        "playlist_id": "text",
        "snapshot_id": "text",
    },
    {"is_local": "bool", "primary_color": "text", "added_by": _OBJECT, "item": PLAYLIST_ITEM},
)

#: The catalogue: one row is one observation of an object. Those that other answers carried whole
#: are here too.
CATALOGUE: Final = {
    "tracks": RawTable("tracks", _OBSERVED, TRACK),
    "albums": RawTable("albums", _OBSERVED, ALBUM),
    "artists": RawTable("artists", _OBSERVED, ARTIST),
    "episodes": RawTable("episodes", _OBSERVED, EPISODE),
    "shows": RawTable("shows", _OBSERVED, SHOW),
    "track_audio_features": RawTable("track_audio_features", _OBSERVED, AUDIO_FEATURES),
}

#: What was asked of the catalogue and not found (`kind`: the table; `status`: HTTP's), so that it
#: is not asked again for a while.
CATALOGUE_MISSES: Final = RawTable(
    "catalogue_misses",
    {
        "kind": "text",
        "id": "text",
        "observed_at": "timestamp",
        "status": "bigint",
        "reason": "text",
    },
)

#: Plays of the account data have names and no id: the track that a search found for them, or null.
NAME_MATCHES: Final = RawTable(
    "name_matches",
    {
        "artist_name": "text",
        "track_name": "text",
        "track_id": "text",
        "observed_at": "timestamp",
    },
)

#: One look at a list (`list_name`: the table; `list_id`: a playlist's id, a time range or null).
#: A look counts when as many rows as `total` carry its `observed_at`, so that a page that failed
#: is never read as a removal. `is_whole` false: only what was added since the look before, or what
#: a limit let through.
LIST_OBSERVATIONS: Final = RawTable(
    "list_observations",
    {
        **_SEEN,
        "list_name": "text",
        "list_id": "text",
        "snapshot_id": "text",
        "total": "bigint",
        "is_whole": "bool",
    },
)

#: A poll that found a full page and no play that was known: between `gap_from`, the last play
#: known, and `gap_to`, the oldest of the page, plays may be missing. `polls`: of that run.
COLLECTION_GAPS: Final = RawTable(
    "collection_gaps",
    {**_SEEN, "gap_from": "timestamp", "gap_to": "timestamp", "polls": "bigint"},
)

#: What Spotify does not let this app or listener ask (403). `scope`: the permission that the
#: sign-in lacks for it; null where the app itself may not ask.
ENDPOINT_REFUSALS: Final = RawTable(
    "endpoint_refusals", {**_SEEN, "endpoint": "text", "status": "bigint", "scope": "text"}
)

#: `outcome`: complete; scope_missing (all but what the sign-in does not allow); budget_spent;
#: try_later (Spotify wants no calls of the app `client_id` before `try_later_until`);
#: sign_in_needed (also without the scope for plays); unavailable; stopped; failed (an answer that
#: cannot be read or stored, or a refusal that no other word tells).
COLLECTION_RUNS: Final = RawTable(
    "collection_runs",
    {
        "run_id": "text",
        "listener": "text",
        "client_id": "text",
        "started_at": "timestamp",
        "ended_at": "timestamp",
        "calls": "bigint",
        "retries": "bigint",
        "waited_seconds": "double",
        "outcome": "text",
        "try_later_until": "timestamp",
        "message": "text",
    },
    {"resources": [{"name": "text", "calls": "bigint", "rows": "bigint"}]},
)

RAW_TABLES: Final = (
    USERS,
    RECENTLY_PLAYED,
    RawTable("top_tracks", _RANKED, {"track": TRACK}),
    RawTable("top_artists", _RANKED, {"artist": ARTIST}),
    RawTable("playlists", _LISTED, PLAYLIST),
    PLAYLIST_TRACKS,
    RawTable("saved_tracks", _SAVED, {"track": TRACK}),
    RawTable("saved_albums", _SAVED, {"album": ALBUM}),
    RawTable("saved_shows", _SAVED, {"show": SHOW}),
    RawTable("saved_episodes", _SAVED, {"episode": EPISODE}),
    RawTable("followed_artists", _LISTED, {"artist": ARTIST}),
    *CATALOGUE.values(),
    CATALOGUE_MISSES,
    NAME_MATCHES,
    LIST_OBSERVATIONS,
    COLLECTION_GAPS,
    ENDPOINT_REFUSALS,
    COLLECTION_RUNS,
)

#: The nested tables that models or the collector read; others are there for who asks raw tables.
READ_NESTED: Final = frozenset(
    {
        "albums__artists",
        "albums__images",
        "artists__genres",
        "artists__images",
        "collection_runs__resources",
        "recently_played__track__album__artists",
        "recently_played__track__artists",
        "tracks__album__artists",
        "tracks__album__images",
        "tracks__artists",
    }
)
