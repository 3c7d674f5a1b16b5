"""Which kind of file is it? Its content decides; its name is only ever evidence.

Spotify renamed its files five times in ten years, and people rename them too.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Final

import msgspec

_HEAD_BYTES = 65_536
_ROWS_LOOKED_AT = 100


class Kind(StrEnum):
    """The kinds of file in an export."""

    EXTENDED_AUDIO = "extended_audio"
    EXTENDED_VIDEO = "extended_video"
    ACCOUNT_MUSIC = "account_music"
    ACCOUNT_PODCAST = "account_podcast"
    ACCOUNT_AUDIOBOOK = "account_audiobook"
    LIBRARY = "library"
    PLAYLISTS = "playlists"
    SEARCH_QUERIES = "search_queries"
    FOLLOW = "follow"
    MARQUEE = "marquee"
    WRAPPED = "wrapped"
    PERSONAL = "personal"
    UNKNOWN = "unknown"


EXTENDED: Final = frozenset({Kind.EXTENDED_AUDIO, Kind.EXTENDED_VIDEO})
LEFT_ALONE: Final = frozenset({Kind.WRAPPED, Kind.PERSONAL})

_CLAIMS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"^streaming_?history_?video", Kind.EXTENDED_VIDEO),
        (r"^(endsong|streaming_?history_?audio(?!book))", Kind.EXTENDED_AUDIO),
        (r"^streaming_?history_?podcast", Kind.ACCOUNT_PODCAST),
        (r"^streaming_?history_?audiobook", Kind.ACCOUNT_AUDIOBOOK),
        (r"^streaming_?history", Kind.ACCOUNT_MUSIC),
        (r"^your_?library\b", Kind.LIBRARY),
        (r"^playlists?_?\d*\b", Kind.PLAYLISTS),
        (r"^search_?queries\b", Kind.SEARCH_QUERIES),
        (r"^follow\b", Kind.FOLLOW),
        (r"^marquee\b", Kind.MARQUEE),
        (r"^(your_?)?wrapped", Kind.WRAPPED),
        (
            r"^(identity|identifiers?|user_?data|payments?|inferences|user_?address|duo_?new_?family"
            r"|family_?plan|message_?data|voice_?input|customer_?service\w*)\b",
            Kind.PERSONAL,
        ),
    )
)

_EXTENDED_FIELDS = frozenset(
    {"ts", "ms_played", "spotify_track_uri", "master_metadata_track_name", "conn_country"}
)
_ACCOUNT_FIELDS = {
    Kind.ACCOUNT_PODCAST: frozenset({"podcastName", "episodeName"}),
    Kind.ACCOUNT_AUDIOBOOK: frozenset({"audiobookName", "chapterName", "authorName"}),
    Kind.ACCOUNT_MUSIC: frozenset({"artistName", "trackName"}),
}
_LIBRARY_SECTIONS = frozenset(
    {"tracks", "albums", "shows", "episodes", "artists", "bannedTracks", "bannedArtists"}
)
_FOLLOW_FIELDS = frozenset(
    {
        "userIsFollowing",
        "userIsFollowedBy",
        "userIsBlocking",
        "followerCount",
        "followingUsersCount",
        "dismissingUsersCount",
    }
)


def claimed_by_name(base_name: str) -> Kind:
    """The kind that a file's name claims; UNKNOWN if it claims none."""
    for pattern, kind in _CLAIMS:
        if pattern.match(base_name):
            return kind
    return Kind.UNKNOWN


def recognise(data: bytes, claimed: Kind) -> Kind:
    """The kind that a file's content shows.

    Args:
        data: the file, without a byte order mark. It may be broken: its beginning is enough.
        claimed: by its name. Decides between audio and video, which are alike inside, and names
            a list that is empty.

    Returns:
        UNKNOWN if the content is of no kind that is read.
    """
    if is_empty(data):
        return claimed
    kind = _kind_of_rows(_first_keys(data))
    if kind is Kind.UNKNOWN:
        kind = _kind_of_document(_document_keys(data))
    if kind is Kind.UNKNOWN:
        kind = _kind_of_rows(_many_keys(data))
    return claimed if kind in EXTENDED and claimed in EXTENDED else kind


def is_empty(data: bytes) -> bool:
    """Whether the file is a list or object with nothing in it."""
    return len(data) < _HEAD_BYTES and b"".join(data.split()) in (b"[]", b"{}")


def _kind_of_rows(keys: frozenset[str]) -> Kind:
    if len(keys & _EXTENDED_FIELDS) >= 2:
        return Kind.EXTENDED_AUDIO
    if keys & {"endTime", "msPlayed"}:
        for kind, fields in _ACCOUNT_FIELDS.items():
            if keys & fields:
                return kind
    if keys & {"searchTime", "searchQuery"}:
        return Kind.SEARCH_QUERIES
    if keys >= {"artistName", "segment"}:
        return Kind.MARQUEE
    return Kind.UNKNOWN


def _kind_of_document(keys: frozenset[str]) -> Kind:
    if "playlists" in keys:
        return Kind.PLAYLISTS
    if len(keys & _LIBRARY_SECTIONS) >= 2:
        return Kind.LIBRARY
    if keys & _FOLLOW_FIELDS:
        return Kind.FOLLOW
    return Kind.UNKNOWN


def _first_keys(data: bytes) -> frozenset[str]:
    """The keys of the first object in a list, read without the rest of the file."""
    head = data[:_HEAD_BYTES].decode("utf-8", "ignore").lstrip()
    if not head.startswith("["):
        return frozenset()
    try:
        first, _ = json.JSONDecoder().raw_decode(head[1:].lstrip())
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(first) if isinstance(first, dict) else frozenset()


def _document_keys(data: bytes) -> frozenset[str]:
    if not data.lstrip().startswith(b"{"):
        return frozenset()
    try:
        return frozenset(msgspec.json.decode(data, type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # cut or malformed: its first level may still show what it was meant to be
        return frozenset(
            re.findall(r'"(\w+)"\s*:\s*\[', data[:_HEAD_BYTES].decode("utf-8", "ignore"))
        )


def _many_keys(data: bytes) -> frozenset[str]:
    """All keys of the first rows, for a list whose first row is odd."""
    try:
        rows = msgspec.json.decode(data, type=list[msgspec.Raw])[:_ROWS_LOOKED_AT]
        objects = [msgspec.json.decode(row) for row in rows]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return frozenset()
    return frozenset(key for row in objects if isinstance(row, dict) for key in row)
