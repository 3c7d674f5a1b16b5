"""What the project says of its models, for those who publish: asked of dbt once for each project.

To start dbt and to parse takes seconds, and most publishes find the project as it was. So what dbt
said lies in the user's cache folder, beside a checksum of the project.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from ingestion.build_inputs import checksum_of
from ingestion.cache import keep_cached, read_cached
from ingestion.settings import Settings
from ingestion.transform import Described, describe_models, project_folder

_KEPT: Final = "descriptions.json"


class _Kept(msgspec.Struct):
    """What dbt said of a project, and of which."""

    project: str
    models: dict[str, Described]


def descriptions(settings: Settings) -> dict[str, Described]:
    """What the project says of each model, by name.

    Raises:
        BuildError: dbt cannot parse the project.
    """
    project = checksum_of(project_folder())
    with suppress(msgspec.MsgspecError):
        kept = msgspec.json.decode(read_cached(_KEPT) or b"", type=_Kept)
        if kept.project == project:
            return kept.models
    models = describe_models(settings)
    keep_cached(_KEPT, msgspec.json.encode(_Kept(project, models)))
    return models
