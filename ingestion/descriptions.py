"""What the project says of its models, kept for those who publish.

Only dbt knows, and to start it and to parse takes seconds. So what it said, at a build or when it
was asked, lies in the user's cache folder, beside a checksum of the project.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ingestion.cache import keep_cached, read_cached

_KEPT: Final = "descriptions.json"


@dataclass(frozen=True)
class Described:
    """What the project says of a model, each description in one line.

    Attributes:
        description: of the model.
        columns: of each column, by name.
        indexes: the columns of each that it has in a Postgres.
    """

    description: str
    columns: dict[str, str]
    indexes: tuple[tuple[str, ...], ...] = ()


class _Kept(msgspec.Struct):
    project: str
    models: dict[str, Described]


def describe(nodes: Iterable[Any]) -> dict[str, Described]:
    """What dbt's nodes say of the models among them, by name."""
    return {
        node.name: Described(
            _unwrapped(node.description),
            {column.name: _unwrapped(column.description) for column in node.columns.values()},
            tuple(tuple(index["columns"]) for index in node.config.get("indexes", [])),
        )
        for node in nodes
        if node.resource_type == "model"
    }


def kept_descriptions(project: str) -> dict[str, Described] | None:
    """What was kept of a project, if anything; damaged, it is nothing.

    Args:
        project: its checksum.
    """
    try:
        kept = msgspec.json.decode(read_cached(_KEPT) or b"", type=_Kept)
    except msgspec.MsgspecError:
        return None
    return kept.models if kept.project == project else None


def keep_descriptions(project: str, models: dict[str, Described]) -> None:
    """Keep them in the place of those that were kept before."""
    keep_cached(_KEPT, msgspec.json.encode(_Kept(project, models)))


def _unwrapped(text: str) -> str:
    return " ".join(text.split())
