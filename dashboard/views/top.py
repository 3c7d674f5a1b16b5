"""Top: the charts of a period, with their movement, to search and to save."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboard import tables
from dashboard.data import ask
from dashboard.selection import ALL_TIME, Item, Selection, open_item
from dashboard.words import number

#: Labels and their item_type. A recording is the same music on single, album and compilation.
_KINDS: Final = {
    "Artists": "artist",
    "Tracks": "track",
    "Recordings": "recording",
    "Albums": "album",
    "Genres": "genre",
    "Podcasts": "show",
}

#: What a share is of: all streams of its kind, which are fewer than all that there are.
_OF_WHICH: Final = {"genre": "genres", "show": "podcasts"}

#: Rows that are shown unasked.
_ROWS: Final = 500
_SHOWN: Final = 17

#: What there is a page about.
_LOOKED_UP: Final = ("artist", "track", "album")

_NOTHING: Final = {
    "genre": (
        "No genres are known yet: they come from Spotify's Web API. Sign in once with `make login`,"
        " and `make run` looks them up."
    ),
    "show": "No podcast was streamed in {period}.",
}


def show(selection: Selection) -> None:
    """The page."""
    kind = st.segmented_control(
        "What",
        list(_KINDS),
        default="Artists",
        required=True,
        label_visibility="collapsed",
        key="what",
        bind="query-params",
    )
    words = st.text_input(
        "Search",
        placeholder=f"Search {kind.lower()} …",
        label_visibility="collapsed",
        key="words",
        bind="query-params",
    ).strip()
    item_type = _KINDS[kind]
    asked = {**selection.item_period, "item_type": item_type, "words": words}
    items = ask("top_items", **asked, row_count=_ROWS).to_pylist()
    if not items:
        _say_nothing_found(selection, item_type, kind, words)
        return
    found = items[0]["match_count"]
    _show_how_many(selection, kind, words, found)
    if found > _ROWS and st.toggle(f"Show and save all {number(found)}, not the first {_ROWS}"):
        items = ask("top_items", **asked, row_count=found).to_pylist()
    _show_chart(selection, kind, items)
    if item_type == "genre":
        st.caption(
            "A stream counts whole for each genre of its artist; shares and hours are split equally"
            " among them."
        )


def _say_nothing_found(selection: Selection, item_type: str, kind: str, words: str) -> None:
    nothing = f"No {kind.lower()} were streamed in {selection.sentence}."
    if words:
        st.info(f"None of the {kind.lower()} of {selection.sentence} has “{words}” in its name.")
    else:
        st.info(_NOTHING.get(item_type, nothing).format(period=selection.sentence))


def _show_how_many(selection: Selection, kind: str, words: str, found: int) -> None:
    having = f" with “{words}”" if words else ""
    more = ". Choose a row to look it up." if _KINDS[kind] in _LOOKED_UP else ""
    st.caption(f"{number(found)} {kind.lower()}{having} in {selection.sentence}{more}")


def _show_chart(selection: Selection, kind: str, items: list[dict[str, Any]]) -> None:
    has_covers = any(tables.cover(item["image_url"]) for item in items)
    has_artist = kind in {"Tracks", "Recordings", "Albums"}
    name = kind.removesuffix("s")
    share = f"Share of {_OF_WHICH.get(_KINDS[kind], 'music')}"
    rows = []
    for item in items:
        row: dict[str, Any] = {"#": item["item_rank"]}
        if selection.period != ALL_TIME:
            row["Moved"] = _movement(item)
        if has_covers:
            row["Cover"] = tables.cover(item["image_url"])
        row[name] = item["item_name"]
        if has_artist:
            row["Artist"] = item["artist_name"]
        row["Streams"] = item["stream_count"]
        row["Hours"] = item["listening_hours"]
        row[share] = item["stream_share"]
        rows.append(row)
    formats = {
        "#": st.column_config.NumberColumn(width=44),
        "Moved": st.column_config.TextColumn(width=72, help="Since the period before"),
        "Cover": st.column_config.ImageColumn(width=56),
        name: st.column_config.TextColumn(width=170),
        "Streams": tables.count(),
        "Hours": tables.hours(),
        share: tables.share(max(item["stream_share"] for item in items)),
    }
    if _KINDS[kind] not in _LOOKED_UP:
        tables.show(rows, formats, rows=_SHOWN)
        return
    chosen = tables.choose(rows, formats, rows=_SHOWN)
    if chosen is not None:
        open_item(Item(_KINDS[kind], items[chosen]["item_key"]))


def _movement(item: dict[str, Any]) -> str:
    """Since the period before; an item may come back after a pause."""
    if item["is_new"]:
        return "new"
    change = item["rank_change"]
    if change is None:
        return "back"
    if change == 0:
        return "="
    return f"▲ {change:,}" if change > 0 else f"▼ {-change:,}"
