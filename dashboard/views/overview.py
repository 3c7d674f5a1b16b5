"""Overview: how much, how that compares, what was on top, what is new, how fresh it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import ALL_TIME, Selection, compared_with
from dashboard.words import SOURCES, day, difference, hours, moment, number

_TOP: Final = 5

#: So many are drawn by day: one month alone is a slab.
_FEW_MONTHS: Final = 2

#: Of all time everybody was new once: there the last days are looked at.
_RECENT_DAYS: Final = 30


def show(selection: Selection) -> None:
    """The page."""
    [totals] = ask("totals", **selection.dates).to_pylist()
    _show_totals(selection, totals)
    _show_hours(selection, totals)
    left, right = st.columns(2)
    with left:
        _show_top(selection, "artist", "Top artists")
    with right:
        _show_top(selection, "track", "Top tracks")
    _show_new_artists(selection)
    _show_freshness(selection)


def _show_totals(selection: Selection, totals: dict[str, Any]) -> None:
    before = selection.before()
    earlier: dict[str, Any] = {}
    if before:
        [earlier] = ask("totals", **before.dates).to_pylist()
    figures = {}
    for label, name, words in (
        ("Hours", "listening_hours", hours),
        ("Streams", "stream_count", number),
        ("Artists", "artist_count", number),
        ("Tracks", "track_count", number),
    ):
        change = difference(totals[name], earlier[name]) if earlier else None
        figures[label] = (words(totals[name]), change)
    tables.figures(figures)
    if before and earlier["stream_count"]:
        st.caption(f"Beside each: the change from {compared_with(selection, before)}.")


def _show_hours(selection: Selection, totals: dict[str, Any]) -> None:
    """By month, or by day where the months are too few to make a chart."""
    st.subheader("Hours over time", anchor=False)
    if not totals["stream_count"]:
        st.info(f"No stream in {selection.sentence}: what was played was too short to count.")
        return
    # the month of the first play began before it
    dates = selection.dates | {"from_date": selection.first_date.replace(day=1)}
    months = ask("hours_by_month", **dates)
    if months.num_rows > _FEW_MONTHS:
        charts.hours_over_time(months, "month")
    else:
        charts.hours_over_time(ask("hours_by_day", **selection.dates), "day")


def _show_top(selection: Selection, item_type: str, heading: str) -> None:
    st.subheader(heading, anchor=False)
    items = ask(
        "most_streamed", **selection.item_period, item_type=item_type, row_count=_TOP
    ).to_pylist()
    if not items:
        st.info(f"No {item_type} was streamed in {selection.sentence}.")
        return
    charts.bars(
        [
            {
                "name": item["item_name"]
                if item_type == "artist"
                else f"{item['item_name']} · {item['artist_name']}",
                "streams": item["stream_count"],
            }
            for item in items
        ],
        label="name",
        value="streams",
        title="Streams",
    )


def _show_new_artists(selection: Selection) -> None:
    dates = selection.dates
    since = f"in {selection.sentence}"
    if selection.period == ALL_TIME:
        from_date = selection.until_date - timedelta(days=_RECENT_DAYS)
        dates |= {"from_date": from_date}
        since = f"since {day(from_date)}"
    artists = ask("new_artists", **dates).to_pylist()
    st.subheader(f"Heard for the first time {since}", anchor=False)
    if not artists:
        [heard] = ask("totals", **dates).to_pylist()
        st.info(
            "No new artist: all of them had been heard before."
            if heard["artist_count"]
            else f"No artist was streamed {since}."
        )
        return
    st.caption(f"{number(len(artists))} artists, those streamed most first.")
    tables.show(
        [
            {
                "Artist": artist["artist_name"],
                "First heard": artist["first_date"],
                "Streams": artist["stream_count"],
                "Hours": artist["listening_hours"],
            }
            for artist in artists
        ],
        {"First heard": tables.day(), "Streams": tables.count(), "Hours": tables.hours()},
        rows=6,
    )


def _show_freshness(selection: Selection) -> None:
    st.subheader("How fresh this is", anchor=False)
    for source in ask("freshness", listener=selection.listener).to_pylist():
        st.markdown(
            f"**{SOURCES[source['play_source']]}** reaches to {moment(source['last_play_at'])}"
            f" (loaded {day(source['loaded_at'])})"
        )
