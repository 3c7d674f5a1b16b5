"""Pages of answers, and the limits that the Web API sets to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818 an answer, not a failure of ours
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        message: What the error object says.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows a page has, and may have."""

    default: int = 20
    most: int = 50

    def limit(self, query: Mapping[str, str]) -> int:
        """The page's size.

        Raises:
            Refusal: 400 outside of 1 to `most`.
        """
        return _number(query, "limit", self.default, 1, self.most)


def offset_in(query: Mapping[str, str], most: int = 100_000) -> int:
    """Where a page starts.

    Raises:
        Refusal: 400 below 0 or above `most`.
    """
    return _number(query, "offset", 0, 0, most)


def page(
    url: str,
    query: Mapping[str, str],
    entries: Sequence[T],
    *,
    limit: int,
    offset: int,
    describe: Callable[[T], object] = lambda entry: entry,
    is_repeated: bool = False,
) -> dict[str, object]:
    """PagingObject: one page of entries, and the addresses of its neighbours.

    Args:
        url: Of the list, without a query.
        query: The request's; what is neither limit nor offset goes into the neighbours' addresses.
        entries: The whole list.
        limit: Entries per page.
        offset: Of the first entry.
        describe: Makes an entry JSON.
        is_repeated: Whether the entries of the page before are sent in place of this page's own.
    """

    def address(start: int) -> str:
        return f"{url}?{urlencode({**query, 'offset': start, 'limit': limit})}"

    start = max(0, offset - limit) if is_repeated else offset
    return {
        "href": address(offset),
        "limit": limit,
        "next": address(offset + limit) if offset + limit < len(entries) else None,
        "offset": offset,
        "previous": address(max(0, offset - limit)) if offset else None,
        "total": len(entries),
        "items": [describe(entry) for entry in entries[start : start + limit]],
    }


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    given = query.get(name, str(default))
    if not given.isdecimal() or not least <= int(given) <= most:
        raise Refusal(400, f"Invalid {name}")
    return int(given)
