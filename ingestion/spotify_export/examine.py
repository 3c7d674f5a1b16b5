"""What a file is, and its rows: the part of an import that needs no warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingestion.spotify_export import kinds, reader
from ingestion.spotify_export.archive import Content, Member, UnreadableMemberError
from ingestion.spotify_export.hashes import stamp
from ingestion.spotify_export.kinds import LEFT_ALONE, Kind
from ingestion.spotify_export.reader import Policy, Reading, UnreadableFileError

_BOM: Final = b"\xef\xbb\xbf"

Loaded = dict[str, tuple[str, str, str]]
"""Where each content was loaded from, as (archive, member, kind) by sha256."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a file, and its rows if it is loaded."""

    status: str
    kind: Kind
    reason: str | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class Finding:
    """A file that was examined.

    Attributes:
        sha256: of its content; None for what was not opened or cannot be read.
        stamp: what it showed before it was read (`hashes.stamp`); None if it was not read.
    """

    member: Member
    sha256: str | None
    verdict: Verdict
    stamp: str | None = None


def examine(member: Member, loaded: Loaded, policy: Policy) -> Finding:
    """What one member is, and its rows, read strictly."""
    claimed = kinds.claimed_by_name(member.base_name)
    if claimed in LEFT_ALONE:
        reason = "left alone because of its name, not opened"
        return Finding(member, None, Verdict("ignored", claimed, reason))
    shown = stamp(member)
    try:
        content = member.read()
    except UnreadableMemberError as error:
        return Finding(member, None, Verdict("set_aside", claimed, str(error)))
    verdict = _judge(member, content, claimed, loaded, policy)
    return Finding(member, content.sha256, verdict, shown)


def _judge(
    member: Member, content: Content, claimed: Kind, loaded: Loaded, policy: Policy
) -> Verdict:
    if content.data is None:
        return Verdict("ignored", Kind.UNKNOWN, "not JSON")
    data = content.data.removeprefix(_BOM)
    if content.sha256 in loaded and not kinds.is_empty(data):
        return same_as(loaded[content.sha256])
    kind = kinds.recognise(data, claimed)
    try:
        if kind is Kind.UNKNOWN:
            reader.require_json(data)
            if claimed is Kind.UNKNOWN:
                return Verdict("ignored", kind, "JSON of a kind that is not read")
            return Verdict(
                "set_aside", claimed, f"its name says {claimed}, its content is something else"
            )
        reading = reader.read(data, kind, member.base_name, policy)
    except UnreadableFileError as error:
        if kind is claimed is Kind.UNKNOWN and not member.claims_json:
            return Verdict("ignored", kind, "not JSON")
        return Verdict("set_aside", claimed if kind is Kind.UNKNOWN else kind, str(error))
    return Verdict("loaded", reading.kind, reading=reading)


def same_as(loaded: tuple[str, str, str]) -> Verdict:
    """The verdict on a file whose content was loaded from elsewhere."""
    archive, name, kind = loaded
    return Verdict("duplicate", Kind(kind), f"the same file as {name} in {archive}")
