"""Podcasts & audiobooks: how much of them, which, and how far each was heard."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import Selection
from dashboard.words import day, hours, number

_SHOWS: Final = 200

_EPISODES: Final = 500


def show(selection: Selection) -> None:
    """The page."""
    shows = ask(
        "top_items", **selection.item_period, item_type="show", words="", row_count=_SHOWS
    ).to_pylist()
    episodes = ask("episodes", **selection.dates).to_pylist()
    audiobooks = ask("audiobooks", **selection.dates).to_pylist()
    if not (shows or episodes or audiobooks):
        st.info(f"No podcast and no audiobook was heard in {selection.sentence}: music alone.")
        return
    _show_figures(shows, episodes, audiobooks)
    _show_hours(selection)
    if shows:
        _show_shows(selection, shows)
    if episodes:
        _show_episodes(episodes)
    if audiobooks:
        _show_audiobooks(audiobooks)


def _show_figures(
    shows: list[dict[str, Any]], episodes: list[dict[str, Any]], audiobooks: list[dict[str, Any]]
) -> None:
    podcast_hours = sum(row["listening_hours"] for row in shows)
    book_hours = sum(row["listening_hours"] for row in audiobooks)
    finished = sum(1 for row in episodes if row["is_finished"])
    tables.figures(
        {
            "Hours of podcasts": (hours(podcast_hours), None),
            "Podcasts": (number(len(shows)), None),
            "Episodes finished": (number(finished), None),
            "Hours of audiobooks": (hours(book_hours), None),
        }
    )


def _show_hours(selection: Selection) -> None:
    table = ask("spoken_hours", **selection.steps)
    if table.num_rows > 1:
        st.subheader("Hours over time", anchor=False)
        charts.hours_over_time(table, selection.unit)


def _show_shows(selection: Selection, shows: list[dict[str, Any]]) -> None:
    st.subheader("Podcasts", anchor=False)
    st.caption(f"Those streamed most in {selection.sentence} first.")
    tables.show(
        [
            {
                "Podcast": row["item_name"],
                "Streams": row["stream_count"],
                "Hours": row["listening_hours"],
                "Share of podcasts": row["stream_share"],
            }
            for row in shows
        ],
        {
            "Podcast": st.column_config.TextColumn(width=240),
            "Streams": tables.count(),
            "Hours": tables.hours(),
            "Share of podcasts": tables.share(max(row["stream_share"] for row in shows)),
        },
        rows=8,
    )


def _show_episodes(episodes: list[dict[str, Any]]) -> None:
    st.subheader("Episodes", anchor=False)
    has_lengths = any(row["heard_share"] is not None for row in episodes)
    words = "Those heard last first, with all that was heard of them by then."
    if has_lengths:
        words += " Nine tenths of its length, in as many plays as it took, finish an episode."
    else:
        words += (
            " How long they are is not known, so neither is what was finished: sign in once with"
            " `make login`, and `make run` looks it up."
        )
    if len(episodes) > _EPISODES:
        words += f" The first {number(_EPISODES)} of {number(len(episodes))} are shown."
    st.caption(words)
    tables.show(
        [
            {
                "Last heard": row["last_date"],
                "Episode": row["episode_name"],
                "Podcast": row["show_name"],
                "Hours": row["heard_hours"],
                **({"Heard": _at_most_whole(row["heard_share"])} if has_lengths else {}),
            }
            for row in episodes[:_EPISODES]
        ],
        {
            "Last heard": tables.day(),
            "Episode": st.column_config.TextColumn(width=260),
            "Hours": tables.hours(),
            "Heard": tables.share(),
        },
    )


def _at_most_whole(share: float | None) -> float | None:
    """What was heard twice is no more than the whole."""
    return None if share is None else min(share, 1.0)


def _show_audiobooks(audiobooks: list[dict[str, Any]]) -> None:
    st.subheader("Audiobooks", anchor=False)
    tables.show(
        [
            {
                "Audiobook": row["audiobook_name"],
                "Hours": row["listening_hours"],
                "Chapters heard": row["chapter_count"],
                "Heard last": row["last_chapter_name"],
                "On": day(row["last_date"]),
            }
            for row in audiobooks
        ],
        {
            "Audiobook": st.column_config.TextColumn(width=240),
            "Hours": tables.hours(),
            "Chapters heard": tables.count(),
        },
    )
