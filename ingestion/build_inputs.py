"""What builds read, and what of it is other than when the last one ended well.

Models depend on raw tables and on the project, and on nothing else: no clock, no chance. So what
does not descend from a changed table stands as it was built. `staging.build_inputs` says, in the
warehouse itself, what was read; one that is deleted, copied or restored is right about itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingestion.warehouse import Warehouse

_RAW: Final = ("spotify_export", "spotify_api", "operations")
_BUILT: Final = ("staging", "intermediate", "marts")

_TABLE: Final = "build_inputs"


@dataclass(frozen=True)
class BuildInputs:
    """What a build would read now, and what the last good one read.

    Attributes:
        now: a text for each input that is another when its content is.
        before: the same of the last build that ended well; empty without one.
    """

    now: dict[str, str]
    before: dict[str, str]

    @property
    def is_same_project(self) -> bool:
        """Whether views and seeds are what the project says."""
        return self.before.get("project") == self.now["project"]

    @property
    def stands(self) -> bool:
        """Whether all that the last build made is there, and what the project says."""
        return self.is_same_project and self.before.get("tables") == self.now["tables"]

    @property
    def changed(self) -> list[str]:
        """Raw tables with other rows than the last good build read, as `schema.table`."""
        return sorted(name for name in self.now if "." in name and self._is_other(name))

    def _is_other(self, name: str) -> bool:
        return self.now[name] != self.before.get(name)


def read_inputs(warehouse: Warehouse, project: Path) -> BuildInputs:
    """What a build of the project would read.

    Args:
        warehouse: open.
        project: the folder of the dbt project.
    """
    raw = {
        f"{schema}.{table}": state
        for schema in _RAW
        for table, state in warehouse.states(schema).items()
    }
    now = {"project": checksum_of(project), "tables": _tables(warehouse), **raw}
    return BuildInputs(now, _noted(warehouse))


def note_inputs(warehouse: Warehouse, inputs: BuildInputs) -> None:
    """Note that a build which read these has ended well."""
    table = f"staging.{_TABLE}"
    warehouse.query(f"create table if not exists {table} (input varchar, state varchar)")
    read = inputs.now | {"tables": _tables(warehouse)}
    marks = ", ".join(["(?, ?)"] * len(read))
    with warehouse.transaction():
        warehouse.query(f"delete from {table} where true")
        warehouse.query(
            f"insert into {table} (input, state) values {marks}",
            [value for item in read.items() for value in item],
        )


def _noted(warehouse: Warehouse) -> dict[str, str]:
    if _TABLE not in warehouse.tables("staging"):
        return {}
    return dict(warehouse.query(f"select input, state from staging.{_TABLE}"))


def _tables(warehouse: Warehouse) -> str:
    """A checksum of the names of all that builds have made: somebody may have dropped one."""
    names = [
        f"{schema}.{table}"
        for schema in _BUILT
        for table in sorted(warehouse.tables(schema))
        if table != _TABLE
    ]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def checksum_of(project: Path) -> str:
    """Of all files that say what a build makes and tests."""
    folders = [project / name for name in ("models", "macros", "seeds", "tests")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted([*files, project / "dbt_project.yml"]):
        digest.update(f"{path.relative_to(project)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
