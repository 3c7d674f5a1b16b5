"""Compare: what two listeners share, and how alike they are."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import Selection
from dashboard.words import as_written, number, share

_ARTISTS: Final = 100


def show(selection: Selection) -> None:
    """The page."""
    listeners = ask(
        "compared_listeners", period=selection.period, period_type=selection.period_type
    ).to_pylist()
    others = [row["listener"] for row in listeners if row["listener"] != selection.listener]
    if not others:
        _say_nobody_else(selection)
        return
    _show_listeners(listeners)
    other = st.selectbox(
        f"Compare {selection.listener} with", others, key="with", bind="query-params"
    )
    _show_shared(selection, other)


def _say_nobody_else(selection: Selection) -> None:
    everybody = ask("listeners").to_pylist()
    if len(everybody) > 1:
        st.info(f"Nobody but {selection.listener} streamed anything in {selection.sentence}.")
        return
    st.info(
        f"This warehouse knows {selection.listener} alone. To compare, import somebody else's"
        " export under another name: `make run EXPORT=their_data.zip LISTENER=them`."
    )


def _show_listeners(listeners: list[dict[str, Any]]) -> None:
    st.subheader("Hours", anchor=False)
    charts.bars(
        [
            {"listener": row["listener"], "hours": round(row["listening_hours"], 1)}
            for row in listeners
        ],
        label="listener",
        value="hours",
        title="Hours",
    )


def _show_shared(selection: Selection, other: str) -> None:
    listener = selection.listener
    st.subheader(f"{as_written(listener)} and {as_written(other)}", anchor=False)
    artists = ask(
        "shared_artists",
        listener=listener,
        other_listener=other,
        period=selection.period,
        period_type=selection.period_type,
        row_count=_ARTISTS,
    ).to_pylist()
    if not artists:
        st.info(f"They share no artist in {selection.sentence}.")
        return
    tables.figures(
        {
            "Alike": (share(artists[0]["affinity_share"]), None),
            "Shared artists": (number(artists[0]["match_count"]), None),
        }
    )
    st.caption(
        "Alike is the part of their streams that went to the same artists: 100 % if each artist"
        " has the same share of both, 0 % if they share none. Who matters most to both is first."
    )
    most = max(max(row["stream_share"], row["other_stream_share"]) for row in artists)
    tables.show(
        [
            {
                "Artist": row["artist_name"],
                f"Streams of {listener}": row["stream_count"],
                f"Streams of {other}": row["other_stream_count"],
                f"Share of {listener}": row["stream_share"],
                f"Share of {other}": row["other_stream_share"],
            }
            for row in artists
        ],
        {
            "Artist": st.column_config.TextColumn(width=170),
            f"Streams of {listener}": tables.count(),
            f"Streams of {other}": tables.count(),
            f"Share of {listener}": tables.share(most),
            f"Share of {other}": tables.share(most),
        },
    )
