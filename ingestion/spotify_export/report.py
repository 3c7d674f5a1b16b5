"""What an import did, for the summary on the terminal and the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: Enough to see what is wrong; all are in `import_problems`.
PROBLEMS_SHOWN: Final = 100


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        archive, member: where it is; a path or zip that was refused as a whole has no member.
        kind: see `kinds.Kind`.
        status: loaded, duplicate, set_aside or ignored.
        reason: why it is not loaded; None if it is.
        rows, problem_rows: loaded and set aside, by the run that loaded it.
        is_new: whether this run recorded it; False for what an earlier run has done.
    """

    archive: str
    member: str
    kind: str
    status: str
    reason: str | None
    rows: int
    problem_rows: int
    is_new: bool


@dataclass(frozen=True)
class ProblemSeen:
    """One thing that this run set aside; `file_row` is None for a whole file."""

    archive: str
    member: str
    file_row: int | None
    reason: str


@dataclass(frozen=True)
class ImportReport:
    """What one run of `import_exports` did.

    Attributes:
        files: every file seen, in order.
        seconds: how long it took.
        problems: what this run set aside, the first `PROBLEMS_SHOWN` of it.
        problem_count: how much it set aside in all.
    """

    files: list[FileOutcome]
    seconds: float
    problems: list[ProblemSeen] = field(default_factory=list)
    problem_count: int = 0

    @property
    def rows_loaded(self) -> int:
        """Rows that this run loaded, over all raw tables."""
        return sum(file.rows for file in self.files if file.is_new)

    @property
    def new_files(self) -> int:
        """Files that this run loaded."""
        return sum(file.is_new and file.status == "loaded" for file in self.files)

    @property
    def unchanged_files(self) -> int:
        """Files whose rows an earlier run, or an earlier file of this one, has loaded."""
        return sum(
            file.status == "duplicate" or (file.status == "loaded" and not file.is_new)
            for file in self.files
        )

    @property
    def has_problems(self) -> bool:
        """Whether anything that was given could not be read, wholly or in part."""
        return self.problem_count > 0
