"""Taste: genres, decades and age of the music, what was new, what was overplayed or forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import ALL_TIME, Selection
from dashboard.words import day, number, share

_GENRES: Final = 12

_ROWS: Final = 100

#: Of 0 to 1, in Spotify's measure, in an order that puts like beside like.
_FEATURES: Final = {
    "Danceable": "danceability",
    "Energetic": "energy",
    "Cheerful": "valence",
    "Spoken": "speechiness",
    "Live": "liveness",
    "Instrumental": "instrumentalness",
    "Acoustic": "acousticness",
}


def show(selection: Selection) -> None:
    """The page."""
    _show_genres(selection)
    _show_decades(selection)
    _show_age(selection)
    _show_sound(selection)
    _show_discoveries(selection)
    _show_obsessions(selection)
    _show_forgotten(selection)


def _show_genres(selection: Selection) -> None:
    st.subheader("Genres", anchor=False)
    rows = ask("genres_over_time", **selection.steps, row_count=_GENRES).to_pylist()
    if not rows:
        st.info(
            "No genres are known of what was streamed: they come from Spotify's Web API. Sign in"
            " once with `make login`, and `make run` looks them up."
        )
        return
    st.caption(
        "What share of the streams they had; the genres heard most in"
        f" {selection.steps_sentence}, the first on top. Artists with several genres share their"
        " streams equally among them."
    )
    _show_shares(selection, rows, "genre", "Genre")


def _show_decades(selection: Selection) -> None:
    st.subheader("Decades", anchor=False)
    rows = ask("decades_over_time", **selection.steps).to_pylist()
    if not rows:
        st.info(_without_dates(selection))
        return
    st.caption("When the albums came out; as shares of the streams of which that is known.")
    decades = [row | {"decade": f"{row['release_decade']}s"} for row in rows]
    _show_shares(selection, decades, "decade", "Decade")


def _show_shares(selection: Selection, rows: list[dict[str, Any]], label: str, title: str) -> None:
    """Strips over time; of a single month or year there is no over time, but bars."""
    if len({row["start_date"] for row in rows}) > 1:
        charts.shares_over_time(rows, label, title=title, unit=selection.unit)
        return
    charts.bars(
        [{"label": row[label], "share": round(100 * row["stream_share"], 1)} for row in rows],
        label="label",
        value="share",
        title="% of streams",
    )


def _show_age(selection: Selection) -> None:
    table = ask("release_age", **selection.steps)
    rows = [row for row in table.to_pylist() if _is_in_period(selection, row)]
    if not rows:
        return  # the decades said why
    st.subheader("Age of the music", anchor=False)
    streams = sum(row["stream_count"] for row in rows)
    years = sum(row["stream_count"] * row["mean_age_years"] for row in rows) / streams
    fresh = sum(row["first_month_count"] for row in rows) / streams
    tables.figures(
        {
            "Average age when heard": (f"{years:.1f} years", None),
            "Heard within a month of release": (share(fresh), None),
        }
    )
    if table.num_rows > 1:
        charts.line_over_time(
            table,
            "mean_age_years",
            title="Years old",
            unit=selection.unit,
            number_format=".1f",
            more={"Streams": "stream_count"},
        )


def _show_sound(selection: Selection) -> None:
    """How the music of the period sounds, against that of all time."""
    st.subheader("How it sounds", anchor=False)
    everything = selection.dates | {
        "from_date": date(1, 1, 1),
        "until_date": selection.last_date + timedelta(days=1),
    }
    shapes = {}
    rows: list[dict[str, Any]] = []
    for title, dates in {"All time": everything, selection.title: selection.dates}.items():
        rows = ask("audio_features", **dates).to_pylist()
        if rows:
            shapes[title] = {words: rows[0][name] for words, name in _FEATURES.items()}
    if not rows:
        st.info(
            f"How the music of {selection.sentence} sounds is not known: Spotify tells it to apps"
            " from before November 2024 alone."
        )
        return
    st.caption(
        f"On the average of the {number(rows[0]['stream_count'])} streams of which Spotify tells"
        f" it; the middle is 0, the rim 1. Tempo: {number(rows[0]['tempo'])} beats per minute."
    )
    charts.radar(shapes)


def _show_discoveries(selection: Selection) -> None:
    rows = ask("discoveries", **selection.steps).to_pylist()
    if not rows:
        return
    st.subheader("New and known artists", anchor=False)
    if selection.period != ALL_TIME or len(rows) == 1:
        found = [row for row in rows if _is_in_period(selection, row)]
        new = sum(row["new_artist_count"] for row in found)
        tracks = sum(row["new_track_count"] for row in found)
        st.caption(
            f"{number(new)} artists and {number(tracks)} tracks were heard for the first time ever"
            f" in {selection.sentence}."
        )
    if len(rows) > 1:
        charts.new_and_known(rows, selection.unit)


def _show_obsessions(selection: Selection) -> None:
    st.subheader("Obsessions", anchor=False)
    rows = ask("obsessions", **selection.dates, row_count=_ROWS).to_pylist()
    if not rows:
        st.info(f"No track was streamed so often in a few days of {selection.sentence}.")
        return
    st.caption("Tracks streamed ten times in one week, or five times on one day of it.")
    tables.show(
        [
            {
                "Week of": row["week_start_date"],
                "Track": row["track_name"],
                "Artist": row["artist_name"],
                "Streams": row["stream_count"],
                "On days": row["day_count"],
            }
            for row in rows
        ],
        {"Week of": tables.day(), "Streams": tables.count(), "On days": tables.count()},
        rows=8,
    )


def _show_forgotten(selection: Selection) -> None:
    st.subheader("Forgotten favourites", anchor=False)
    rows = ask("forgotten_favourites", listener=selection.listener, row_count=_ROWS).to_pylist()
    if not rows:
        st.info("None: all that was streamed ten times was played in the last half year too.")
        return
    st.caption(
        f"Streamed ten times and more, and not played in the half year before"
        f" {day(selection.last_date)}, whichever period is chosen."
    )
    tables.show(
        [
            {
                "Track": row["track_name"],
                "Artist": row["artist_name"],
                "Streams": row["stream_count"],
                "Hours": row["listening_hours"],
                "Last played": selection.date_of(row["last_played_at"]),
            }
            for row in rows
        ],
        {"Streams": tables.count(), "Hours": tables.hours(), "Last played": tables.day()},
        rows=8,
    )


def _is_in_period(selection: Selection, row: dict[str, Any]) -> bool:
    """Whether a step is of the period itself, and not only of its year."""
    is_between = selection.first_date <= row["start_date"] < selection.until_date
    return selection.period == ALL_TIME or is_between


def _without_dates(selection: Selection) -> str:
    return (
        f"When the music of {selection.steps_sentence} came out is not known: that comes from"
        " Spotify's Web API. Sign in once with `make login`, and `make run` looks it up."
    )
