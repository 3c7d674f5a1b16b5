"""What one export has brought, or all of a listener's, and what it takes to delete it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ingestion.spotify_export.archive import Member, UnreadableMemberError, find_members
from ingestion.spotify_export.tables import RAW_TABLES, SCHEMA
from ingestion.warehouse import Statement, Warehouse
from ingestion.warehouse.inserting import VALUES_PER_QUERY, chunks, marks

#: Beside the rows themselves, what tells of their files and of whose they are.
_TABLES_OF_FILES = ("import_problems", "import_files")


class File(NamedTuple):
    """A row of `import_files`."""

    key: str
    archive: str
    member: str | None
    sha256: str | None
    status: str
    rows: int


@dataclass(frozen=True)
class Brought:
    """What exports of one listener have brought.

    Attributes:
        listener: whose they are.
        files: their records.
        heirs: by sha256, the record of an export that is not among them and holds the same file.
    """

    listener: str
    files: list[File]
    heirs: dict[str, File] = field(default_factory=dict)

    @property
    def archives(self) -> list[str]:
        """The names of the exports."""
        return list(dict.fromkeys(file.archive for file in self.files))

    @property
    def contents(self) -> dict[str, int]:
        """By sha256, the number of rows that nothing else has brought."""
        return {
            file.sha256: file.rows
            for file in self.files
            if file.status == "loaded" and file.sha256 and file.sha256 not in self.heirs
        }


def listeners(warehouse: Warehouse) -> list[str]:
    """Everybody whose time zone is noted, as it is with a first import or poll."""
    if "listeners" not in warehouse.tables(SCHEMA):
        return []
    rows = warehouse.query(f"select listener from {SCHEMA}.listeners order by listener")
    return [listener for (listener,) in rows]


def files_of(warehouse: Warehouse, listener: str) -> list[File]:
    """The files of a listener that were seen, in the order in which they were loaded."""
    if "import_files" not in warehouse.tables(SCHEMA):
        return []
    rows = warehouse.query(
        f"select file_key, archive, member, file_sha256, status, rows from {SCHEMA}.import_files"
        " where listener = ? order by loaded_at, file_key",
        [listener],
    )
    return [File(*row) for row in rows]


def brought_by(warehouse: Warehouse, listener: str, export: str) -> Brought:
    """What one export of a listener has brought.

    Args:
        warehouse: an open one.
        listener: whose it is.
        export: its path; where there is nothing, the name under which it was loaded.

    Raises:
        ExportError: there is something that is no export.
    """
    files = files_of(warehouse, listener)
    path = Path(export).expanduser()
    if path.exists():
        members, _ = find_members([path])
        archives = {member.archive for member in members}
        contents = {None, *_hashes(members)}  # what was left alone has none
        brought = [file for file in files if file.archive in archives and file.sha256 in contents]
    else:
        brought = [file for file in files if file.archive == export]
    others = [file for file in files if file not in brought and file.status != "set_aside"]
    return Brought(listener, brought, {file.sha256: file for file in others if file.sha256})


def _hashes(members: Iterable[Member]) -> Iterator[str]:
    for member in members:
        with suppress(UnreadableMemberError):  # it has brought nothing
            yield member.read().sha256


def deletion_of(warehouse: Warehouse, brought: Brought) -> Iterator[Statement]:
    """Statements that delete what exports have brought.

    What another export holds as well stays, as if that one had brought it.
    """
    kept = warehouse.tables(SCHEMA)
    inherited = {
        file.key: brought.heirs[file.sha256]
        for file in brought.files
        if file.status == "loaded" and file.sha256 in brought.heirs
    }
    for contents in chunks(brought.contents, VALUES_PER_QUERY):
        for raw_table in RAW_TABLES:
            if raw_table.name in kept:
                these = f"listener = ? and file_sha256 in ({marks(contents)})"
                yield (
                    f"delete from {SCHEMA}.{raw_table.name} where {these}",
                    [brought.listener, *contents],
                )
    gone = [file.key for file in brought.files if file.key not in inherited]
    for keys in chunks([*gone, *(heir.key for heir in inherited.values())], VALUES_PER_QUERY):
        for table in _TABLES_OF_FILES:
            yield f"delete from {SCHEMA}.{table} where file_key in ({marks(keys)})", keys
    for key, heir in inherited.items():
        for table in _TABLES_OF_FILES:
            place = "file_key = ?, archive = ?, member = ?"
            values = [heir.key, heir.archive, heir.member, key]
            yield f"update {SCHEMA}.{table} set {place} where file_key = ?", values


def deletion_of_all(warehouse: Warehouse, listener: str) -> Iterator[Statement]:
    """Statements that delete whatever exports of a listener have brought, and their time zone."""
    kept = warehouse.tables(SCHEMA)
    for table in [*(table.name for table in RAW_TABLES), *_TABLES_OF_FILES, "listeners"]:
        if table in kept:
            yield f"delete from {SCHEMA}.{table} where listener = ?", [listener]
