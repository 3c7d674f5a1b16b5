"""The charts: one visual language, and the only place with colours.

Amounts are one green, darker (on dark ground: lighter) where there is more; kinds that stand side by
side take Okabe and Ito's colours, which the colour-blind can tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

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


_LIGHT: Final = _Colours("#0b7a5c", "#eef2f0", ("#d8efe6", "#8fd1b8", "#37a583", "#0b7a5c", "#064334"))
_DARK: Final = _Colours("#4fd1a5", "#1c2522", ("#1d3b32", "#1f6b54", "#2e9c7a", "#4fd1a5", "#c4f5e2"))

#: Okabe & Ito (2008), those that stand out on white and on black.
_SIDE_BY_SIDE: Final = ("#0072b2", "#e69f00", "#cc79a7", "#56b4e9", "#d55e00", "#009e73")


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


def week_clock(rows: pa.Table) -> None:
    """Hours heard by weekday and hour of the day."""
    heard = {(row["dow"], row["hour"]): row for row in rows.to_pylist()}
    cells = [
        {
            "day": DAYS[dow - 1],
            "hour": hour,
            "time": f"{hour:02}:00–{hour:02}:59",
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
            y=alt.Y(
                "day:O", sort=list(DAYS), title=None, axis=alt.Axis(ticks=False, domain=False)
            ),
            color=_amount("listening_hours"),
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


def calendar(rows: pa.Table, year: int, until: date) -> None:
    """A year of days, weeks from left to right; `until` is the last day that is known."""
    heard = {row["start_date"]: row for row in rows.to_pylist()}
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
            color=_amount("listening_hours"),
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
    """Which source tells of which month, one row each, stronger where it holds more plays."""
    cells = [
        row | {"source": SOURCES[row["play_source"]], "date": row["month_start_date"].isoformat()}
        for row in rows.to_pylist()
    ]
    names = [name for name in SOURCES.values() if any(cell["source"] == name for cell in cells)]
    chart = (
        alt.Chart(_with_dates(pa.Table.from_pylist(cells), "month_start_date"))
        .mark_bar(cornerRadius=_ROUNDED)
        .encode(
            x=alt.X("utcyearmonth(month_start_date):T", title=None, axis=alt.Axis(grid=False)),
            y=alt.Y("play_count:Q", title=None, axis=alt.Axis(tickCount=2, grid=False)),
            row=alt.Row(
                "source:N",
                sort=names,
                title=None,
                header=alt.Header(labelAngle=0, labelAlign="left", labelOrient="top", labelAnchor="start"),
            ),
            color=alt.Color(
                "source:N",
                sort=names,
                legend=None,
                scale=alt.Scale(domain=list(SOURCES.values()), range=list(_SIDE_BY_SIDE[:3])),
            ),
            tooltip=[
                alt.Tooltip("source:N", title="Source"),
                alt.Tooltip("utcyearmonth(month_start_date):T", title="Month", format="%B %Y"),
                alt.Tooltip("play_count:Q", title="Plays", format=","),
            ],
        )
        .properties(height=54)
        .resolve_scale(y="independent")
    )
    _show(chart)


def _amount(field: str) -> alt.Color:
    colours = _colours()
    return alt.Color(
        f"{field}:Q",
        legend=None,
        scale=alt.Scale(range=[colours.nothing, *colours.amounts], domainMin=0, type="linear"),
    )


def _colours() -> _Colours:
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def _with_dates(rows: pa.Table, column: str) -> pa.Table:
    """Days as midnight UTC, which Altair hands to the browser as such."""
    days = rows[column].cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
    return rows.set_column(rows.schema.get_field_index(column), column, days)


def _show(chart: Any) -> None:
    st.altair_chart(chart, width="stretch")
