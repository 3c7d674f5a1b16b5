"""The schemas that are ours, and the prefix that sets several people's apart."""

from __future__ import annotations

import re
from typing import Final

#: Raw, modelled and tested, by the names that all SQL here uses.
SCHEMAS: Final = (
    *("spotify_export", "spotify_api", "operations"),
    *("staging", "intermediate", "marts", "findings"),
)

_QUALIFIER: Final = re.compile(rf"\b({'|'.join(SCHEMAS)})\.")


def with_prefix(sql: str, prefix: str) -> str:
    """Our own SQL with the prefix before each schema that qualifies a table.

    Values never pass through here: they are parameters.
    """
    return _QUALIFIER.sub(rf"{prefix}\1.", sql) if prefix else sql
