"""The charts: one visual language, and the only place with colours.

Everything is one green, darker (on dark ground: lighter) where there is more, so that no chart asks
anybody to tell hues apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

import altair as alt
import pyarrow as pa
import streamlit as st

from dashboard.words import DAYS, SOURCES

_ROUNDED: Final = 3


@dataclass(frozen=True)
class _Colours:
    accent: str
    nothing: str
    amounts: tuple[str, ...]


_LIGHT: Final = _Colours(
    accent="#0b7a5c",
    nothing="#eef2f0",
    amounts=("#d8efe6", "#8fd1b8", "#37a583", "#0b7a5c", "#064334"),
)
_DARK: Final = _Colours(
    accent="#4fd1a5",
    nothing="#1c2522",
    amounts=("#1d3b32", "#1f6b54", "#2e9c7a", "#4fd1a5", "#c4f5e2"),
)


def hours_over_time(rows: pa.Table, unit: str) -> None:
    """Bars of hours; `unit` is what a bar stands for: day or month."""
    day_format = "%-d %B %Y" if unit == "day" else "%B %Y"
    # a bar spans its whole day or month, whichever clock the browser is on
    time_unit = "utcyearmonthdate" if unit == "day" else "utcyearmonth"
    chart = (
        alt.Chart(_with_dates(rows, "start_date"))
        .mark_bar(color=_colours().accent, cornerRadiusEnd=_ROUNDED)
        .encode(
            x=alt.X(f"{time_unit}(start_date):T", title=None, axis=alt.Axis(grid=False)),
            y=alt.Y("listening_hours:Q", title="Hours"),
            tooltip=[
                alt.Tooltip(f"{time_unit}(start_date):T", title=unit.title(), format=day_format),
                alt.Tooltip("listening_hours:Q", title="Hours", format=",.1f"),
                alt.Tooltip("stream_count:Q", title="Streams", format=","),
            ],
        )
        .properties(height=260)
    )
    _show(chart)


def skips_over_time(rows: pa.Table) -> None:
    """The share of plays that were skipped, month by month."""
    base = alt.Chart(_with_dates(rows, "start_date")).encode(
        x=alt.X("utcyearmonth(start_date):T", title=None, axis=alt.Axis(grid=False)),
        y=alt.Y("skipped_share:Q", title="Skipped", axis=alt.Axis(format=".0%")),
        tooltip=[
            alt.Tooltip("utcyearmonth(start_date):T", title="Month", format="%B %Y"),
            alt.Tooltip("skipped_share:Q", title="Skipped", format=".1%"),
            alt.Tooltip("play_count:Q", title="Of plays", format=","),
        ],
    )
    colour = _colours().accent
    line = base.mark_line(color=colour, strokeWidth=2)
    _show((line + base.mark_point(color=colour, filled=True, size=36)).properties(height=220))


def week_clock(rows: pa.Table) -> None:
    """Hours heard by weekday and hour of the day."""
    heard = {(row["dow"], row["hour"]): row for row in rows.to_pylist()}
    cells = [
        {
            "day": DAYS[dow - 1],
            "hour": hour,
            "time": f"{hour:02}:00 to {hour:02}:59",
            "listening_hours": heard.get((dow, hour), {}).get("listening_hours", 0),
            "stream_count": heard.get((dow, hour), {}).get("stream_count", 0),
        }
        for dow in range(1, 8)
        for hour in range(24)
    ]
    chart = (
        alt.Chart(pa.Table.from_pylist(cells))
        .mark_rect(cornerRadius=_ROUNDED)
        .encode(
            x=alt.X(
                "hour:O",
                title=None,
                axis=alt.Axis(
                    labelAngle=0,
                    values=list(range(0, 24, 3)),
                    labelExpr="(datum.value < 10 ? '0' : '') + datum.value + ':00'",
                    ticks=False,
                    domain=False,
                ),
            ),
            y=alt.Y("day:O", sort=list(DAYS), title=None, axis=alt.Axis(ticks=False, domain=False)),
            color=_amount("listening_hours", max(cell["listening_hours"] for cell in cells)),
            tooltip=[
                alt.Tooltip("day:O", title="Day"),
                alt.Tooltip("time:N", title="Time"),
                alt.Tooltip("listening_hours:Q", title="Hours", format=",.1f"),
                alt.Tooltip("stream_count:Q", title="Streams", format=","),
            ],
        )
        .properties(height=250)
    )
    _show(chart)


def calendar(days: list[dict[str, Any]], year: int, *, until: date, most: float) -> None:
    """A year of days, weeks from left to right.

    Args:
        days: with music, of this year and others.
        year: the one to draw.
        until: the last day that is known.
        most: hours of the day with the most, so that years can be compared.
    """
    heard = {row["start_date"]: row for row in days}
    first = date(year, 1, 1)
    count = (min(date(year, 12, 31), until) - first).days + 1
    cells = []
    for offset in range(count):
        day = first + timedelta(days=offset)
        row: dict[str, Any] = heard.get(day, {})
        cells.append(
            {
                "week": (offset + first.weekday()) // 7,
                "day": DAYS[day.weekday()],
                "date": f"{day.day} {day:%B %Y}",
                "listening_hours": row.get("listening_hours", 0),
                "stream_count": row.get("stream_count", 0),
            }
        )
    months = {
        (date(year, month, 1) - first).days + first.weekday(): f"{date(year, month, 1):%b}"
        for month in range(1, 13)
    }
    labels = " : ".join(
        f"datum.value == {(offset + 6) // 7} ? '{name}'" for offset, name in months.items()
    )
    chart = (
        alt.Chart(pa.Table.from_pylist(cells))
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "week:O",
                title=None,
                scale=alt.Scale(domain=list(range(54)), paddingInner=0.15),
                axis=alt.Axis(
                    labelAngle=0,
                    labelAlign="left",
                    values=[(offset + 6) // 7 for offset in months],
                    labelExpr=f"{labels} : ''",
                    ticks=False,
                    domain=False,
                    orient="top",
                ),
            ),
            y=alt.Y(
                "day:O",
                sort=list(DAYS),
                title=None,
                scale=alt.Scale(domain=list(DAYS), paddingInner=0.15),
                axis=alt.Axis(values=["Mon", "Wed", "Fri"], ticks=False, domain=False),
            ),
            # a night that played on is not all there is: the root lets other days be seen
            color=_amount("listening_hours", most, "sqrt"),
            tooltip=[
                alt.Tooltip("date:N", title="Day"),
                alt.Tooltip("listening_hours:Q", title="Hours", format=",.1f"),
                alt.Tooltip("stream_count:Q", title="Streams", format=","),
            ],
        )
        .properties(height=150)
    )
    _show(chart)


def bars(rows: list[dict[str, Any]], *, label: str, value: str, title: str) -> None:
    """Bars that lie, in the order of the rows, with their numbers beside them."""
    base = alt.Chart(pa.Table.from_pylist(rows)).encode(
        y=alt.Y(
            f"{label}:N",
            sort=None,
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelLimit=220),
        ),
        x=alt.X(f"{value}:Q", title=None, axis=None),
        tooltip=[
            alt.Tooltip(f"{label}:N", title=" "),
            alt.Tooltip(f"{value}:Q", title=title, format=","),
        ],
    )
    drawn = base.mark_bar(color=_colours().accent, cornerRadiusEnd=_ROUNDED)
    numbers = base.mark_text(align="left", dx=6, color="#8a9691").encode(
        text=alt.Text(f"{value}:Q", format=",")
    )
    _show((drawn + numbers).properties(height=34 * len(rows) + 10))


def source_months(rows: pa.Table) -> None:
    """Which source tells of which month, a strip each, stronger where it holds more plays."""
    cells = [row | {"source": SOURCES[row["play_source"]]} for row in rows.to_pylist()]
    chart = (
        alt.Chart(_with_dates(pa.Table.from_pylist(cells), "month_start_date"))
        .mark_rect(color=_colours().accent)
        .encode(
            x=alt.X("utcyearmonth(month_start_date):T", title=None, axis=alt.Axis(grid=False)),
            y=alt.Y(
                "source:N",
                sort=list(SOURCES.values()),
                title=None,
                scale=alt.Scale(paddingInner=0.3),
                axis=alt.Axis(ticks=False, domain=False),
            ),
            opacity=alt.Opacity("play_count:Q", legend=None, scale=alt.Scale(range=[0.4, 1])),
            tooltip=[
                alt.Tooltip("source:N", title="Source"),
                alt.Tooltip("utcyearmonth(month_start_date):T", title="Month", format="%B %Y"),
                alt.Tooltip("play_count:Q", title="Plays", format=","),
            ],
        )
        .properties(height=160)
    )
    _show(chart)


def _amount(field: str, most: float, scale_type: Literal["linear", "sqrt"] = "linear") -> alt.Color:
    colours = [_colours().nothing, *_colours().amounts]
    scale = alt.Scale(range=colours, domainMin=0, domainMax=most, type=scale_type)
    return alt.Color(f"{field}:Q", legend=None, scale=scale)


def _colours() -> _Colours:
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def _with_dates(rows: pa.Table, column: str) -> pa.Table:
    """Days as midnight UTC, which Altair hands to the browser as such."""
    days = rows[column].cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
    return rows.set_column(rows.schema.get_field_index(column), column, days)


def _show(chart: Any) -> None:
    st.altair_chart(chart, width="stretch")
