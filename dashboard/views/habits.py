"""Habits: how much is skipped, shuffled, heard offline; on which devices, in which countries."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboard import charts, tables
from dashboard.data import ask
from dashboard.selection import Selection, compared_with
from dashboard.words import DEVICES, country, number, plain, share

#: By label: what is counted, and of how many plays it is known.
_SHARES: Final = {
    "Skipped": ("skipped_count", "skip_known_count"),
    "On shuffle": ("shuffle_count", "shuffle_known_count"),
    "Offline": ("offline_count", "offline_known_count"),
    "In private sessions": ("private_count", "private_known_count"),
}

_ARTISTS: Final = 100


def show(selection: Selection) -> None:
    """The page."""
    [habits] = ask("habits", **selection.dates).to_pylist()
    _show_shares(selection, habits)
    if habits["skip_known_count"]:
        _show_skips(selection)
    _show_devices(selection)
    _show_countries(selection)


def _show_shares(selection: Selection, habits: dict[str, Any]) -> None:
    before = selection.before()
    earlier: dict[str, Any] = {}
    if before:
        [earlier] = ask("habits", **before.dates).to_pylist()
    figures = {}
    for label, (count, known) in _SHARES.items():
        now, then = _share(habits, count, known), _share(earlier, count, known)
        change = None if now is None or then is None else f"{100 * (now - then):+.1f} points"
        figures[label] = (share(now), change)
    tables.figures(figures)
    plays, told = habits["play_count"], habits["skip_known_count"]
    words = f"Of {number(plays)} plays, short ones too."
    if told < plays:
        words += (
            f" Of skips Spotify tells in {number(told)} of them: never from 2015 to October 2022,"
            " and in the extended history alone."
        )
    if before and earlier["play_count"]:
        words += f" Beside each: the change from {compared_with(selection, before)}."
    st.caption(words)


def _share(habits: dict[str, Any], count: str, known: str) -> float | None:
    return habits[count] / habits[known] if habits.get(known) else None


def _show_skips(selection: Selection) -> None:
    st.subheader("Skips", anchor=False)
    months = ask("skips_by_month", **selection.dates)
    if months.num_rows > 1:
        charts.line_over_time(
            months,
            "skipped_share",
            title="Skipped",
            unit="month",
            number_format=".1%",
            more={"Of plays": "play_count"},
        )
    artists = ask("skipped_artists", **selection.dates, row_count=_ARTISTS).to_pylist()
    if not artists:
        st.info(f"Of no artist were there twenty plays in {selection.sentence}.")
        return
    st.caption("Artists with twenty plays and more, those skipped most readily first.")
    tables.show(
        [
            {
                "Artist": artist["artist_name"],
                "Plays": artist["play_count"],
                "Skipped": artist["skipped_count"],
                "Share": artist["skipped_share"],
            }
            for artist in artists
        ],
        {"Plays": tables.count(), "Skipped": tables.count(), "Share": tables.share()},
        rows=6,
    )


def _show_devices(selection: Selection) -> None:
    st.subheader("Devices", anchor=False)
    devices = ask("devices", **selection.dates).to_pylist()
    if not devices:
        st.info(f"No stream in {selection.sentence}: what was played was too short to count.")
        return
    charts.bars(
        [
            {
                "device": plain(DEVICES, device["platform_family"]),
                "hours": round(device["listening_hours"], 1),
            }
            for device in devices
        ],
        label="device",
        value="hours",
        title="Hours",
    )


def _show_countries(selection: Selection) -> None:
    countries = ask("countries", **selection.dates).to_pylist()
    if not countries:
        return
    st.subheader("Countries", anchor=False)
    tables.show(
        [
            {
                "Country": country(row["conn_country"]),
                "Hours": row["listening_hours"],
                "Streams": row["stream_count"],
                "From": row["first_month"],
                "To": row["last_month"],
            }
            for row in countries
        ],
        {"Hours": tables.hours(), "Streams": tables.count()},
    )
