"""Look up: one artist, track or album, from the first play to the last."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import Item, Selection, asked_item, open_item
from dashboard.words import as_written, day, hours, number

_FOUND: Final = 12

_TRACKS: Final = 100


def show(selection: Selection) -> None:
    """The page."""
    _show_search(selection)
    item = asked_item() or _top_artist(selection)
    if item is None:
        st.info(f"No artist was streamed in {selection.sentence}: search for anything else.")
        return
    st.query_params[item.item_type] = item.item_key
    described = ask("item", listener=selection.listener, **item.parameters).to_pylist()
    if not described:
        st.info(
            f"{selection.listener} never played the {item.item_type} of this address: search for"
            " another one."
        )
        return
    _show_heading(item, described[0])
    _show_figures(selection, described[0])
    _show_history(selection, item)
    _show_tracks(selection, item)


def _show_search(selection: Selection) -> None:
    """A box to search in; what is chosen from what it finds is opened."""
    words = st.text_input(
        "Search", placeholder="Search artists, tracks, albums …", label_visibility="collapsed"
    ).strip()
    if not words:
        return
    found = ask(
        "find_items", listener=selection.listener, words=words, row_count=_FOUND
    ).to_pylist()
    if not found:
        st.info(f"{selection.listener} never played anything with “{as_written(words)}”.")
        return
    labels = {Item(row["item_type"], row["item_key"]): _label(row) for row in found}
    box = f"found {words}"
    st.pills(
        "Found",
        list(labels),
        format_func=lambda item: labels[item],
        key=box,
        on_change=_write_found,
        args=(box,),
        label_visibility="collapsed",
    )


def _write_found(box: str) -> None:
    """Put what was chosen into the address, from which the page is drawn."""
    if item := st.session_state[box]:
        st.query_params.from_dict({item.item_type: item.item_key})


def _label(found: dict[str, Any]) -> str:
    name = as_written(found["item_name"])
    if found["item_type"] == "artist":
        return f"{name} · artist"
    return f"{name} · {found['item_type']} by {as_written(found['artist_name'])}"


def _top_artist(selection: Selection) -> Item | None:
    """What is shown before anything was looked up."""
    tops = ask(
        "most_streamed", **selection.item_period, item_type="artist", row_count=1
    ).to_pylist()
    return Item("artist", tops[0]["item_key"]) if tops else None


def _show_heading(item: Item, described: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if cover := tables.cover(described["image_url"]):
            st.image(cover, width=96)
        with st.container():
            st.header(as_written(described["item_name"]), anchor=False)
            kind = item.item_type.title()
            released = f" · {described['release_year']}" if described["release_year"] else ""
            if described["artist_name"] is None:
                st.caption(kind)
            elif st.button(
                f"{kind} by {as_written(described['artist_name'])}{released}", type="tertiary"
            ):
                open_item(Item("artist", described["artist_key"]))


def _show_figures(selection: Selection, described: dict[str, Any]) -> None:
    tables.figures(
        {
            "Plays": (number(described["play_count"]), None),
            "Streams": (number(described["stream_count"]), None),
            "Hours": (hours(described["listening_hours"]), None),
            "First played": (day(selection.date_of(described["first_played_at"])), None),
            "Last played": (day(selection.date_of(described["last_played_at"])), None),
        }
    )
    st.caption("Of all time, whichever period is chosen; a play may be too short to be a stream.")


def _show_history(selection: Selection, item: Item) -> None:
    """Hours and places over the whole years of the period."""
    st.subheader("Over time", anchor=False)
    table = ask("item_over_time", **selection.steps | item.parameters)
    if not table.num_rows:
        st.info(f"Not streamed in {selection.steps_sentence}.")
        return
    rows = table.to_pylist()
    if len(rows) == 1:
        _say_only_step(selection, item, rows[0])
        return
    charts.hours_over_time(table, selection.unit)
    best = min(rows, key=lambda row: row["item_rank"])
    st.markdown(f"**Place among all {item.item_type}s**")
    st.caption(
        f"Best: {number(best['item_rank'])} in {_step(selection, best['start_date'])}."
        f" By streams of each {selection.unit}; 1 is the most."
    )
    charts.places_over_time(table, selection.unit)


def _say_only_step(selection: Selection, item: Item, row: dict[str, Any]) -> None:
    """One month or year is no course of time: its numbers say all that a chart would."""
    st.markdown(
        f"In {_step(selection, row['start_date'])} alone: {hours(row['listening_hours'])} in"
        f" {number(row['stream_count'])} streams, place {number(row['item_rank'])} among all"
        f" {item.item_type}s."
    )


def _step(selection: Selection, start_date: date) -> str:
    return f"{start_date:%Y}" if selection.unit == "year" else f"{start_date:%B %Y}"


def _show_tracks(selection: Selection, item: Item) -> None:
    rows = ask(
        "item_tracks", listener=selection.listener, **item.parameters, row_count=_TRACKS
    ).to_pylist()
    if not rows:
        return
    is_track = item.item_type == "track"
    st.subheader("Heard on" if is_track else "Top tracks", anchor=False)
    cells = [
        {
            **({} if is_track else {"Track": row["track_name"]}),
            **({} if item.item_type == "album" else {"Album": row["album_name"]}),
            "Streams": row["stream_count"],
            "Hours": row["listening_hours"],
            "First played": selection.date_of(row["first_played_at"]),
            "Last played": selection.date_of(row["last_played_at"]),
        }
        for row in rows
    ]
    formats = {
        "Streams": tables.count(),
        "Hours": tables.hours(),
        "First played": tables.day(),
        "Last played": tables.day(),
    }
    if is_track:
        tables.show(cells, formats)
        return
    st.caption("Of all time; choose a row to open its track.")
    chosen = tables.choose(cells, formats)
    if chosen is not None:
        open_item(Item("track", rows[chosen]["track_key"]))
