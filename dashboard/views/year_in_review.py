"""Year in review: one year's figures, and a picture of them to save and to send."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import streamlit as st

from dashboard import picture, tables
from dashboard.data import ask
from dashboard.selection import ALL_TIME, Selection
from dashboard.words import day, hours, length, number, share

_TOP: Final = 5


def show(selection: Selection) -> None:
    """The page."""
    years = {
        row["year"]: row for row in ask("year_in_review", listener=selection.listener).to_pylist()
    }
    if not years:
        st.info("No stream yet, so there is no year to look back on.")
        return
    year = max(years) if selection.period == ALL_TIME else selection.first_date.year
    if year not in years:
        st.info(f"No stream in {year}: what was played was too short to count.")
        return
    _say_which(selection, year)
    review = years[year]
    tops = {item_type: _top(selection, year, item_type) for item_type in ("artist", "track")}
    left, right = st.columns([1, 2], gap="medium")
    with left:
        _show_picture(selection, review, tops)
    with right:
        _show_figures(review)
        _show_bests(selection, review)
    _show_wrapped(review)


def _say_which(selection: Selection, year: int) -> None:
    """Nothing of a year that was chosen and is over."""
    more = []
    if selection.period == ALL_TIME:
        more.append("the latest year")
    elif selection.period_type == "month":
        more.append(f"the year of {selection.title}")
    if selection.last_date < date(year, 12, 31):
        more.append(f"until {day(selection.last_date)}")
    if more:
        how = " Another year can be chosen as the period." if selection.period == ALL_TIME else ""
        st.caption(f"{year}, {', '.join(more)}.{how}")


def _top(selection: Selection, year: int, item_type: str) -> list[dict[str, Any]]:
    return ask(
        "most_streamed",
        listener=selection.listener,
        period=f"{year}",
        period_type="year",
        item_type=item_type,
        row_count=_TOP,
    ).to_pylist()


def _show_picture(
    selection: Selection, review: dict[str, Any], tops: dict[str, list[dict[str, Any]]]
) -> None:
    year = review["year"]
    months = {
        row["start_date"].month: row["listening_hours"]
        for row in ask(
            "hours_by_month",
            listener=selection.listener,
            from_date=date(year, 1, 1),
            until_date=date(year + 1, 1, 1),
        ).to_pylist()
    }
    drawn = _drawn(
        picture.Year(
            year=year,
            headline=f"{number(review['minute_count'])} minutes",
            facts=(
                f"in {number(review['stream_count'])} streams on"
                f" {number(review['streaming_day_count'])} days"
            ),
            month_hours=tuple(float(months.get(month, 0)) for month in range(1, 13)),
            artists=tuple(
                (item["item_name"], f"{number(item['stream_count'])} streams")
                for item in tops["artist"]
            ),
            tracks=tuple((item["item_name"], item["artist_name"]) for item in tops["track"]),
            closing=_closing(review),
        )
    )
    st.image(
        drawn,
        caption=f"{year} in one picture: the figures and the tops that stand beside and below",
        width="stretch",
    )
    st.download_button(
        "Save the picture",
        drawn,
        file_name=f"listening-{year}.png",
        mime="image/png",
        icon=":material/download:",
        width="stretch",
    )


@st.cache_data(show_spinner=False, max_entries=50)
def _drawn(year: picture.Year) -> bytes:
    return picture.draw(year)


def _closing(review: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Three figures for the foot; in place of a genre that is not known stand the artists."""
    artists = (number(review["artist_count"]), "artists")
    return (
        (review["top_genre_name"], "top genre") if review["top_genre_name"] else artists,
        (number(review["new_artist_count"]), "new artists"),
        (f"{number(review['longest_streak_day_count'])} days", "in a row"),
    )


def _show_figures(review: dict[str, Any]) -> None:
    tables.figures(
        {
            "Minutes": (number(review["minute_count"]), None),
            "Streams": (number(review["stream_count"]), None),
            "Days with a stream": (number(review["streaming_day_count"]), None),
        }
    )
    tables.figures(
        {
            "Artists": (number(review["artist_count"]), None),
            "Albums": (number(review["album_count"]), None),
            "Tracks": (number(review["track_count"]), None),
        }
    )
    st.caption(
        f"{number(review['new_artist_count'])} of the artists and"
        f" {number(review['new_track_count'])} of the tracks had never been heard before."
    )


def _show_bests(selection: Selection, review: dict[str, Any]) -> None:
    """What stood out, one line each; what the year did not have is left out."""
    streams = {
        kind: f"{number(review[f'top_{kind}_stream_count'])} streams"
        for kind in ("artist", "track", "album", "show")
    }
    lines = [
        (
            "Top artist",
            review["top_artist_name"],
            f"{streams['artist']}, {share(review['top_artist_share'])} of the music",
        ),
        ("Top track", _by(review, "track"), streams["track"]),
        ("Top album", _by(review, "album"), streams["album"]),
        (
            "Top genre",
            review["top_genre_name"],
            f"{share(review['top_genre_share'])} of the music whose genres are known",
        ),
        (
            "Top podcast",
            review["top_show_name"],
            f"{streams['show']}, {hours(review['top_show_hours'])}",
        ),
        ("Biggest day", _day(review["peak_date"]), hours(review["peak_day_hours"])),
        _longest_session(selection, review),
        ("Weekday", f"{review['favourite_dow_name']}s", "most streams"),
        (
            "Hour",
            f"{review['favourite_hour']:02}:00 to {review['favourite_hour']:02}:59",
            "most streams",
        ),
        ("Longest streak", f"{number(review['longest_streak_day_count'])} days", "in a row"),
    ]
    tables.show(
        [
            {"What": what, "Which": which, "How much": how_much}
            for what, which, how_much in lines
            if which
        ],
        {
            "What": st.column_config.TextColumn(width=110),
            "Which": st.column_config.TextColumn(width=220),
            "How much": st.column_config.TextColumn(width=220),
        },
    )


def _by(review: dict[str, Any], kind: str) -> str | None:
    name = review[f"top_{kind}_name"]
    return f"{name} · {review[f'top_{kind}_artist_name']}" if name else None


def _day(value: date | None) -> str | None:
    return day(value) if value else None


def _longest_session(selection: Selection, review: dict[str, Any]) -> tuple[str, str | None, str]:
    started: datetime | None = review["longest_session_started_at"]
    if started is None:
        return "Longest session", None, ""
    return (
        "Longest session",
        day(selection.date_of(started)),
        f"{length(review['longest_session_seconds'])},"
        f" {number(review['longest_session_stream_count'])} streams",
    )


def _show_wrapped(review: dict[str, Any]) -> None:
    st.subheader("As Spotify's Wrapped would count it", anchor=False)
    st.caption(
        "By the rules that Spotify tells, as far as it does: music alone, 30 seconds and more, from"
        " January to mid-November, no private sessions."
    )
    artist = review["wrapped_top_artist_name"]
    tables.figures(
        {
            "Minutes": (number(review["wrapped_minute_count"]), None),
            "Streams": (number(review["wrapped_stream_count"]), None),
        }
        | ({"Top artist": (artist, None)} if artist else {})
    )
