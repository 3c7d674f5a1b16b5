"""Rhythm: at which hours, on which days, how many days in a row, for how long at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import ALL_TIME, Selection
from dashboard.words import day, length, number, share

#: Calendars shown unasked: each is another chart to draw.
_YEARS: Final = 3

_LENGTHS: Final = {
    1: "under 15 min",
    2: "15 to 30 min",
    3: "30 to 60 min",
    4: "1 to 2 h",
    5: "2 to 4 h",
    6: "4 h and more",
}


def show(selection: Selection) -> None:
    """The page."""
    clock = ask("clock", **selection.dates)
    if not clock.num_rows:
        st.info(f"No stream in {selection.sentence}: what was played was too short to count.")
        return
    st.subheader("Hours of the week", anchor=False)
    charts.week_clock(clock)
    _show_calendar(selection)
    _show_streaks(selection)
    _show_sessions(selection)


def _show_calendar(selection: Selection) -> None:
    """The years of the selection that have streams, latest first; of a month, its whole year."""
    last_date = min(selection.last_date, selection.until_date - timedelta(days=1))
    rows = ask(
        "hours_by_day",
        listener=selection.listener,
        from_date=selection.first_date.replace(month=1, day=1),
        until_date=last_date.replace(year=last_date.year + 1, month=1, day=1),
    ).to_pylist()
    most = max(row["listening_hours"] for row in rows)
    years = sorted({row["start_date"].year for row in rows if row["stream_count"]})[::-1]
    shown = years[:_YEARS]
    if len(years) > _YEARS and st.toggle(f"Show all {len(years)} years"):
        shown = years
    for year in shown:
        st.subheader(f"Days of {year}", anchor=False)
        charts.calendar(rows, year, until=selection.last_date, most=most)


def _show_streaks(selection: Selection) -> None:
    st.subheader("Days in a row", anchor=False)
    streaks = ask("streaks", **selection.dates).to_pylist()
    days = ask("hours_by_day", **selection.dates).to_pylist()
    until = min(selection.last_date + timedelta(days=1), selection.until_date)
    heard = sum(1 for row in days if row["stream_count"])
    longest = streaks[0]
    tables.figures(
        {
            "Days with a stream": (number(heard), None),
            "Of all days": (share(heard / (until - selection.first_date).days), None),
            "Longest streak": (f"{number(longest['day_count'])} days", None),
        }
    )
    whole = " A streak is shown whole, also where it began before."
    st.caption(
        f"The longest went from {day(longest['started_date'])} to {day(longest['ended_date'])}."
        + ("" if selection.period == ALL_TIME else whole)
    )
    tables.show(
        [
            {
                "Days": row["day_count"],
                "From": row["started_date"],
                "To": row["ended_date"],
                "Streams": row["stream_count"],
                "Hours": row["listening_hours"],
            }
            for row in streaks[:10]
        ],
        {
            "Days": tables.count(),
            "From": tables.day(),
            "To": tables.day(),
            "Streams": tables.count(),
            "Hours": tables.hours(),
        },
    )


def _show_sessions(selection: Selection) -> None:
    st.subheader("Sessions", anchor=False)
    classes = ask("session_lengths", **selection.dates).to_pylist()
    sessions = sum(row["session_count"] for row in classes)
    if not sessions:
        st.info(f"No session began in {selection.sentence}.")
        return
    longest = ask("longest_sessions", **selection.dates).to_pylist()
    seconds = sum(row["session_seconds"] for row in classes)
    tables.figures(
        {
            "Sessions": (number(sessions), None),
            "Average length": (length(seconds / sessions), None),
            "Longest session": (length(longest[0]["session_hours"] * 3600), None),
        }
    )
    st.caption("A session ends with a pause of 30 minutes; its length includes shorter pauses.")
    counts = {row["length_class"]: row["session_count"] for row in classes}
    charts.bars(
        [{"length": words, "sessions": counts.get(key, 0)} for key, words in _LENGTHS.items()],
        label="length",
        value="sessions",
        title="Sessions",
    )
    st.markdown("**The longest**")
    tables.show(
        [
            {
                "Began on": row["listening_date"],
                "Lasted": length(row["session_hours"] * 3600),
                "Plays": row["play_count"],
                "Streams": row["stream_count"],
                "Hours heard": row["listening_hours"],
            }
            for row in longest
        ],
        {
            "Began on": tables.day(),
            "Plays": tables.count(),
            "Streams": tables.count(),
            "Hours heard": tables.hours(),
        },
    )
