"""What the user handed over (zips, folders, single files), as one list of members.

Nothing is ever extracted: members are read into memory one at a time, so a member's name never
becomes a path. What Spotify cannot have made (an encrypted zip, a bomb, names that climb out) is
refused in one line.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from ingestion.errors import ExportError

#: Extended files are about 12 MB; the largest seen, joined by hand, are below 100 MB.
MAX_MEMBER_BYTES: Final = 512 * 1024**2
#: More than a hundred years of listening.
MAX_ARCHIVE_BYTES: Final = 16 * 1024**3
#: History JSON deflates to between a tenth and a thirtieth.
MAX_RATIO: Final = 200
RATIO_COUNTS_FROM_BYTES: Final = 10 * 1024**2

_CHUNK_BYTES = 1024**2
_ENCRYPTED = 0x1


class UnreadableMemberError(Exception):
    """One member cannot be read; the message says why. The rest of its archive can."""


@dataclass(frozen=True)
class Content:
    """A member's bytes, or only its hash when it cannot be JSON.

    Attributes:
        sha256: of the whole file, in hexadecimal.
        data: the whole file; None if its first character shows that it is not JSON.
    """

    sha256: str
    data: bytes | None


@dataclass(frozen=True)
class Member:
    """One file of an export.

    Attributes:
        archive: base name of the zip, folder or file that was given or found.
        name: path inside it, with forward slashes.
        size: in bytes, unpacked, as declared.
        path: the zip or the file on disk.
        inside: its place in the zip; None for a file on disk.
    """

    archive: str
    name: str
    size: int
    path: Path
    inside: zipfile.ZipInfo | None = None

    @property
    def base_name(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name

    @property
    def claims_json(self) -> bool:
        """Whether its name says that it is JSON."""
        return self.name.lower().endswith(".json")

    def read(self) -> Content:
        """Read all of it.

        Raises:
            UnreadableMemberError: damaged, larger than a member may be, or a zip within a zip.
        """
        try:
            if self.inside is None:
                with self.path.open("rb") as stream:
                    return self._read(stream)
            with zipfile.ZipFile(self.path) as archive, archive.open(self.inside) as stream:
                return self._read(stream)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            reason = f"damaged in the zip ({error}): download it again"
            raise UnreadableMemberError(reason) from error
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableMemberError(f"packed in a way that cannot be read ({error})") from error
        except OSError as error:
            raise UnreadableMemberError(f"cannot be read: {error.strerror}") from error

    def _read(self, stream: IO[bytes]) -> Content:
        # what is surely wanted, in one piece: to join two costs as much as to hash them
        wanted = min(self.size, MAX_MEMBER_BYTES) + 1 if self.claims_json else _CHUNK_BYTES
        head = stream.read(wanted)
        if head.startswith(b"PK\x03\x04"):
            raise UnreadableMemberError("a zip within a zip: unpack it and give it by itself")
        digest = hashlib.sha256(head)
        if not self._may_be_json(head):
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
            return Content(digest.hexdigest(), None)
        data = head + stream.read(MAX_MEMBER_BYTES)
        if len(data) > MAX_MEMBER_BYTES:
            raise UnreadableMemberError(f"over {MAX_MEMBER_BYTES // 1024**2} MB: not Spotify's")
        digest.update(memoryview(data)[len(head) :])
        return Content(digest.hexdigest(), data)

    def _may_be_json(self, head: bytes) -> bool:
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        return start in (b"[", b"{") or self.claims_json


@dataclass(frozen=True)
class Refusal:
    """A path or zip that was not read at all, and why."""

    archive: str
    reason: str


def find_members(paths: Iterable[Path]) -> tuple[list[Member], list[Refusal]]:
    """Every file in `paths`, in an order that is the same each time.

    Args:
        paths: zips, folders (walked to the bottom, zips in them opened) and single files. The
            same path twice counts once.

    Raises:
        ExportError: nothing can be read from any of them; words the first reason.
    """
    members: list[Member] = []
    refusals: list[Refusal] = []
    errors: list[ExportError] = []
    for path in dict.fromkeys(path.expanduser().absolute() for path in paths):
        try:
            _collect(path, members, refusals)
        except ExportError as error:
            errors.append(error)
            # the warehouse is not told where on this machine it was
            shown = as_text(path.name)
            refusals.append(Refusal(shown, str(error).replace(as_text(str(path)), shown)))
    if not members:
        reasons = [str(error) for error in errors] + [refusal.reason for refusal in refusals]
        raise ExportError(reasons[0] if reasons else "no path to an export was given")
    return members, refusals


def _collect(path: Path, members: list[Member], refusals: list[Refusal]) -> None:
    if path.is_dir():
        before = len(members), len(refusals)
        for file in _walk(path, refusals):
            if _is_zip(file):
                try:
                    members += _zip_members(file)
                except ExportError as error:
                    refusals.append(Refusal(as_text(file.name), str(error)))
            else:
                name = as_text(file.relative_to(path).as_posix())
                members.append(Member(as_text(path.name), name, file.stat().st_size, file))
        if before == (len(members), len(refusals)):
            raise ExportError(
                f"{as_text(path.name)} is empty: put the zip that Spotify sent you into it, or give"
                " its path (EXPORT=my_spotify_data.zip)"
            )
    elif not path.exists():
        raise ExportError(
            f"{as_text(str(path))} does not exist: give the path of the zip that Spotify sent you"
        )
    elif _is_zip(path):
        members += _zip_members(path)
    else:
        members.append(Member(as_text(path.name), as_text(path.name), path.stat().st_size, path))


def as_text(name: str) -> str:
    r"""A name on disk as it is; of one that is not UTF-8, `\xf1` for each byte that is none."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _walk(folder: Path, refusals: list[Refusal]) -> list[Path]:
    """The files below a folder that can be read; of all else that is not hidden, a refusal."""
    files: list[Path] = []

    def refuse(path: Path, reason: str) -> None:
        if not _is_hidden(path.relative_to(folder).as_posix()):
            refusals.append(Refusal(as_text(path.name), f"{as_text(path.name)} {reason}"))

    def cannot_be_opened(error: OSError) -> None:
        refuse(Path(error.filename), f"cannot be opened: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=cannot_be_opened):
        for link in (path for name in sorted(folders) if (path := Path(parent, name)).is_symlink()):
            refuse(link, "is a link to a folder, which is not followed: give that folder as well")
        for path in (Path(parent, name) for name in sorted(names)):
            if path.is_file():
                files.append(path)
            else:
                refuse(path, "is no file, or a link to none: nothing to read")
    return sorted(file for file in files if not _is_hidden(file.relative_to(folder).as_posix()))


def _is_zip(path: Path) -> bool:
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _zip_members(path: Path) -> list[Member]:
    shown = as_text(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise ExportError(f"{shown} is not a zip that can be read: download it again") from error
    infos = [info for info in infos if not _is_hidden(info.filename) or _climbs_out(info.filename)]
    if not infos:
        raise ExportError(f"{shown} is an empty zip: download it again")
    _refuse_what_spotify_cannot_have_made(shown, infos)
    infos.sort(key=lambda info: info.filename)
    return [Member(shown, info.filename, info.file_size, path, info) for info in infos]


def _refuse_what_spotify_cannot_have_made(name: str, infos: list[zipfile.ZipInfo]) -> None:
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise ExportError(f"{name} is encrypted: unpack it with its password, give the folder")
        if _climbs_out(info.filename):
            raise ExportError(
                f"{name} holds a name that climbs out of it ({info.filename[:80]!r}): not a zip"
                " of Spotify's, nothing in it was read"
            )
        is_bomb = info.file_size > MAX_MEMBER_BYTES or (
            info.file_size > RATIO_COUNTS_FROM_BYTES
            and info.file_size > MAX_RATIO * max(info.compress_size, 1)
        )
        if is_bomb:
            raise ExportError(
                f"{name} is a zip bomb ({info.filename[:80]!r} unpacks to"
                f" {info.file_size // 1024**2} MB): nothing in it was read"
            )
    if sum(info.file_size for info in infos) > MAX_ARCHIVE_BYTES:
        raise ExportError(
            f"{name} unpacks to over {MAX_ARCHIVE_BYTES // 1024**3} GB: nothing in it was read"
        )


def _climbs_out(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return parts[0] == "" or ".." in parts or re.match(r"^[A-Za-z]:", name) is not None
