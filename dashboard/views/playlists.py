"""Playlists: how full they were when, what is played from them, and what never was."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import Selection
from dashboard.words import number

_ALL: Final = "All"
_NEVER: Final = "Never streamed"
_GONE: Final = "Taken out"


def show(selection: Selection) -> None:
    """The page; it is about all time, whichever period is chosen."""
    playlists = ask("playlists", listener=selection.listener).to_pylist()
    if not playlists:
        st.info(
            "No playlists are known yet: they come from Spotify's Web API. Sign in once with"
            " `make login`, and `make run` looks at them."
        )
        return
    st.caption(
        "Whichever period is chosen. From which playlist a play was started, the Web API alone"
        " tells: what an export brings counts for no playlist."
    )
    _show_playlists(selection, playlists)
    names = _names(playlists)
    keys = list(names)
    first = next((row for row in playlists if row["item_count"]), playlists[0])
    key = st.selectbox(
        "Playlist",
        keys,
        index=keys.index(first["playlist_key"]),
        format_func=lambda key: names[key],
        key="playlist",
        bind="query-params",
    )
    _show_sizes(selection, key)
    _show_items(selection, key)


def _show_playlists(selection: Selection, playlists: list[dict[str, Any]]) -> None:
    has_removed = any(row["removed_at"] for row in playlists)
    tables.show(
        [
            {
                "Playlist": row["playlist_name"],
                "By": "yourself" if row["is_own"] else row["owner_name"] or "Spotify",
                "Items": row["item_count"],
                "Taken out": row["removed_count"],
                "Last added": _day(selection, row["last_added_at"]),
                "Streams from it": row["stream_count"],
                "Last streamed from it": row["last_date"],
                **({"Left on": _day(selection, row["removed_at"])} if has_removed else {}),
            }
            for row in playlists
        ],
        {
            "Playlist": st.column_config.TextColumn(width=170),
            "Items": tables.count(),
            "Taken out": tables.count(),
            "Last added": tables.day(),
            "Streams from it": tables.count(),
            "Last streamed from it": tables.day(),
            "Left on": tables.day(),
        },
        rows=8,
    )


def _names(playlists: list[dict[str, Any]]) -> dict[str, str]:
    """By key; of two that are called the same, the later says that it is another."""
    names: dict[str, str] = {}
    for row in sorted(playlists, key=lambda row: row["playlist_name"].lower()):
        name = row["playlist_name"]
        again = sum(1 for other in names.values() if other == name or other.startswith(f"{name} ("))
        names[row["playlist_key"]] = f"{name} ({again + 1})" if again else name
    return names


def _show_sizes(selection: Selection, key: str) -> None:
    sizes = ask("playlist_sizes", listener=selection.listener, playlist_key=key)
    if sizes.num_rows > 1:
        charts.line_over_time(
            sizes, "item_count", title="Items at its end", unit="month", number_format=",d"
        )


def _show_items(selection: Selection, key: str) -> None:
    items = ask("playlist_items", listener=selection.listener, playlist_key=key).to_pylist()
    if not items:
        st.info("Nothing was seen in this playlist.")
        return
    never = [row for row in items if row["is_track"] and row["is_current"] and _is_silent(row)]
    gone = [row for row in items if not row["is_current"]]
    tables.figures(
        {
            "Items": (number(len(items) - len(gone)), None),
            _NEVER: (number(len(never)), None),
            _GONE: (number(len(gone)), None),
        }
    )
    st.caption(
        "A track was never streamed if it was not since it was added, from anywhere."
        " What was taken out is known from the first look at the playlist on."
    )
    chosen = st.segmented_control(
        "Which", [_ALL, _NEVER, _GONE], default=_ALL, required=True, label_visibility="collapsed"
    )
    rows = {_ALL: items, _NEVER: never, _GONE: gone}[chosen]
    if not rows:
        st.info(
            "Every track was streamed since it was added."
            if chosen == _NEVER
            else "Nothing was taken out since the first look."
        )
        return
    tables.show(
        [
            {
                "Item": row["item_name"],
                "Artist": row["artist_name"],
                "Added": _day(selection, row["valid_from_at"]),
                **({"Taken out": _day(selection, row["valid_until_at"])} if gone else {}),
                "Streams since": row["stream_count"] if row["is_track"] else None,
                "Last streamed": row["last_date"],
            }
            for row in rows
        ],
        {
            "Item": st.column_config.TextColumn(width=200),
            "Added": tables.day(),
            "Taken out": tables.day(),
            "Streams since": tables.count(),
            "Last streamed": tables.day(),
        },
    )


def _is_silent(row: dict[str, Any]) -> bool:
    return not row["stream_count"]


def _day(selection: Selection, moment: datetime | None) -> date | None:
    return selection.date_of(moment) if moment else None
