"""The charts: one visual language, and the only place with colours.

Everything is one green, darker (on dark ground: lighter) where there is more, so that no chart asks
anybody to tell hues apart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, cast

import altair as alt
import pyarrow as pa
import streamlit as st

from dashboard.words import DAYS, SOURCES

_ROUNDED: Final = 3

#: The span that a bar or point takes, whichever clock the browser is on, and how it is written.
_SPANS: Final = {
    "day": ("utcyearmonthdate", "%-d %B %Y"),
    "month": ("utcyearmonth", "%B %Y"),
}

_PLACES: Final = tuple(digit * 10**power for power in range(6) for digit in (1, 2, 5))

_NEW_AND_KNOWN: Final = {"New": "new_artist_count", "Heard before": "known_artist_count"}


@dataclass(frozen=True)
class _Colours:
    accent: str
    label: str
    nothing: str
    amounts: tuple[str, ...]


_LIGHT: Final = _Colours(
    accent="#0b7a5c",
    label="#5b6662",
    nothing="#eef2f0",
    amounts=("#d8efe6", "#8fd1b8", "#37a583", "#0b7a5c", "#064334"),
)
_DARK: Final = _Colours(
    accent="#4fd1a5",
    label="#a3b0ab",
    nothing="#1c2522",
    amounts=("#1d3b32", "#1f6b54", "#2e9c7a", "#4fd1a5", "#c4f5e2"),
)


def hours_over_time(rows: pa.Table, unit: str) -> None:
    """Bars of hours; `unit` is what a bar stands for: day, month or year."""
    dated, across, when = _over_time(rows, unit)
    chart = (
        alt.Chart(dated)
        .mark_bar(color=_colours().accent, cornerRadiusEnd=_ROUNDED)
        .encode(
            x=across,
            y=alt.Y("listening_hours:Q", title="Hours"),
            tooltip=[
                when,
                alt.Tooltip("listening_hours:Q", title="Hours", format=",.1f"),
                alt.Tooltip("stream_count:Q", title="Streams", format=","),
            ],
        )
        .properties(height=260)
    )
    _show(chart, f"Bars of the hours heard by {unit}")


def line_over_time(
    rows: pa.Table,
    value: str,
    *,
    title: str,
    unit: str,
    number_format: str,
    more: Mapping[str, str] | None = None,
) -> None:
    """A line through one number of each month or year.

    Args:
        rows: with `start_date`.
        value: the column to draw.
        title: of the axis.
        unit: what a point stands for: month or year.
        number_format: of the axis and of what a point tells, as D3 writes it.
        more: counts that a point tells besides, by their titles.
    """
    dated, across, when = _over_time(rows, unit)
    base = alt.Chart(dated).encode(
        x=across,
        y=alt.Y(f"{value}:Q", title=title, axis=alt.Axis(format=number_format.replace(".1", ".0"))),
        tooltip=[
            when,
            alt.Tooltip(f"{value}:Q", title=title, format=number_format),
            *(
                alt.Tooltip(f"{name}:Q", title=words, format=",")
                for words, name in (more or {}).items()
            ),
        ],
    )
    colour = _colours().accent
    line = base.mark_line(color=colour, strokeWidth=2)
    _show(
        (line + base.mark_point(color=colour, filled=True, size=36)).properties(height=220),
        f"Line of {title} by {unit}",
    )


def places_over_time(rows: pa.Table, unit: str) -> None:
    """The place in the charts of each month or year, the first on top.

    As far from place 10 to 1 as from 100 to 10: so it is felt, and so it can be read.
    """
    dated, across, when = _over_time(rows, unit)
    worst: int = max(row["item_rank"] for row in rows.to_pylist())
    ticks = [tick for tick in _PLACES if tick <= worst]
    base = alt.Chart(dated).encode(
        x=across,
        y=alt.Y(
            "item_rank:Q",
            title="Place",
            scale=alt.Scale(type="log", domain=[max(worst, 2), 1], nice=False),
            axis=alt.Axis(values=ticks, format="d"),
        ),
        tooltip=[
            when,
            alt.Tooltip("item_rank:Q", title="Place", format=","),
            alt.Tooltip("stream_count:Q", title="Streams", format=","),
        ],
    )
    colour = _colours().accent
    line = base.mark_line(color=colour, strokeWidth=2)
    _show(
        (line + base.mark_point(color=colour, filled=True, size=36)).properties(height=220),
        f"Line of the place in the charts by {unit}",
    )


def shares_over_time(rows: list[dict[str, Any]], label: str, *, title: str, unit: str) -> None:
    """A strip for each label, stronger where it had more of the month or year.

    Args:
        rows: with `start_date` and `stream_share`, in the order of the strips.
        label: the column that names a strip.
        title: what a strip stands for.
        unit: month or year.
    """
    steps = _steps([row["start_date"] for row in rows], unit)
    cells = [
        {
            "label": row[label],
            "step": steps[row["start_date"]],
            "stream_share": row["stream_share"],
        }
        for row in rows
    ]
    labels = list(dict.fromkeys(cell["label"] for cell in cells))
    chart = (
        alt.Chart(pa.Table.from_pylist(cells))
        .mark_rect(cornerRadius=_ROUNDED)
        .encode(
            x=_step_axis(steps, padding=0.04),
            y=alt.Y(
                "label:O",
                title=None,
                sort=labels,
                scale=alt.Scale(paddingInner=0.12),
                axis=alt.Axis(ticks=False, domain=False, labelLimit=140),
            ),
            color=_amount(
                "stream_share",
                max(cell["stream_share"] for cell in cells),
                title="Of streams",
                number_format=".0%",
            ),
            tooltip=[
                alt.Tooltip("label:N", title=title),
                alt.Tooltip("step:N", title=unit.title()),
                alt.Tooltip("stream_share:Q", title="Of streams", format=".1%"),
            ],
        )
        .properties(height=26 * len(labels) + 80)
    )
    _show(chart, f"Shares of streams by {title.lower()} and {unit}")


def new_and_known(rows: list[dict[str, Any]], unit: str) -> None:
    """Artists of each month or year: those heard for the first time upon those heard before."""
    steps = _steps([row["start_date"] for row in rows], unit)
    cells = [
        {"step": steps[row["start_date"]], "kind": kind, "place": place, "artist_count": row[name]}
        for row in rows
        for place, (kind, name) in enumerate(_NEW_AND_KNOWN.items())
    ]
    colours = _colours()
    chart = (
        alt.Chart(pa.Table.from_pylist(cells))
        .mark_bar(cornerRadiusEnd=_ROUNDED)
        .encode(
            x=_step_axis(steps),
            y=alt.Y("artist_count:Q", title="Artists"),
            order=alt.Order("place:Q"),
            color=alt.Color(
                "kind:N",
                sort=list(_NEW_AND_KNOWN),
                scale=alt.Scale(
                    domain=list(_NEW_AND_KNOWN), range=[colours.accent, colours.amounts[1]]
                ),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("step:N", title=unit.title()),
                alt.Tooltip("kind:N", title="Artists"),
                alt.Tooltip("artist_count:Q", title="Number", format=","),
            ],
        )
        .properties(height=260)
    )
    _show(chart, f"Bars of new and known artists by {unit}")


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
            color=_amount(
                "listening_hours",
                max(cell["listening_hours"] for cell in cells),
                title="Hours",
            ),
            tooltip=[
                alt.Tooltip("day:O", title="Day"),
                alt.Tooltip("time:N", title="Time"),
                alt.Tooltip("listening_hours:Q", title="Hours", format=",.1f"),
                alt.Tooltip("stream_count:Q", title="Streams", format=","),
            ],
        )
        .properties(height=300)
    )
    _show(chart, "Hours heard by weekday and hour of the day")


def calendar(days: list[dict[str, Any]], year: int, *, until: date, most: float) -> None:
    """A year of days, weeks from left to right.

    Args:
        days: with streams, of this year and others.
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
            color=_amount("listening_hours", most, title="Hours", scale_type="sqrt"),
            tooltip=[
                alt.Tooltip("date:N", title="Day"),
                alt.Tooltip("listening_hours:Q", title="Hours", format=",.1f"),
                alt.Tooltip("stream_count:Q", title="Streams", format=","),
            ],
        )
        .properties(height=220)
    )
    _show(chart, f"Hours heard on each day of {year}")


def bars(rows: list[dict[str, Any]], *, label: str, value: str, title: str) -> None:
    """Bars that lie, in the order of the rows, with their numbers beside them.

    A bar is a row, whatever it is called: two tracks of one name are two bars, not one.
    """
    cells = [row | {"place": place} for place, row in enumerate(rows)]
    names = json.dumps([row[label] for row in rows])
    base = alt.Chart(pa.Table.from_pylist(cells)).encode(
        y=alt.Y(
            "place:O",
            sort=None,
            title=None,
            axis=alt.Axis(
                ticks=False, domain=False, labelLimit=220, labelExpr=f"{names}[datum.value]"
            ),
        ),
        # the unit is above the bars: numbers stand beside them
        x=alt.X(
            f"{value}:Q",
            title=title,
            axis=alt.Axis(
                orient="top",
                labels=False,
                ticks=False,
                domain=False,
                grid=False,
                titleAnchor="start",
                titleFontWeight="normal",
            ),
        ),
        tooltip=[
            alt.Tooltip(f"{label}:N", title=" "),
            alt.Tooltip(f"{value}:Q", title=title, format=","),
        ],
    )
    drawn = base.mark_bar(color=_colours().accent, cornerRadiusEnd=_ROUNDED)
    numbers = base.mark_text(align="left", dx=6, color=_colours().label).encode(
        text=alt.Text(f"{value}:Q", format=",")
    )
    _show(
        (drawn + numbers).properties(height=34 * len(rows) + 30),
        f"Bars of {title}: " + ", ".join(f"{row[label]} {row[value]:,}" for row in rows),
    )


def radar(shapes: Mapping[str, Mapping[str, float]]) -> None:
    """Shapes around a middle, a corner for each of the numbers from 0 to 1.

    Vega draws no such chart: the places of the corners are worked out here.

    Args:
        shapes: by their names, the one that matters last; their numbers by what they are of.
    """
    features = list(next(iter(shapes.values())))
    corners = [
        {"shape": shape, "order": order, "feature": feature, "value": numbers[feature]}
        | _on_circle(order, len(features), numbers[feature])
        for shape, numbers in shapes.items()
        for order, feature in enumerate([*features, features[0]])
    ]
    rings = [
        {"ring": ring, "order": order} | _on_circle(order, len(features), ring / 4)
        for ring in range(1, 5)
        for order in range(len(features) + 1)
    ]
    labels = [
        {"feature": feature} | _on_circle(order, len(features), 1.16)
        for order, feature in enumerate(features)
    ]
    scale = alt.Scale(domain=[-1.3, 1.3])
    x, y = (alt.X("x:Q", axis=None, scale=scale), alt.Y("y:Q", axis=None, scale=scale))
    colours = _colours()
    names = list(shapes)
    colour = alt.Color(
        "shape:N",
        sort=names,
        scale=alt.Scale(domain=names, range=[colours.amounts[1], colours.accent][-len(names) :]),
        legend=alt.Legend(title=None, orient="top"),
    )
    told = [
        alt.Tooltip("feature:N", title=" "),
        alt.Tooltip("value:Q", title="0 to 1", format=".2f"),
        alt.Tooltip("shape:N", title="Of"),
    ]
    web = (
        alt.Chart(pa.Table.from_pylist(rings))
        .mark_line(color=colours.label, opacity=0.35, strokeWidth=1)
        .encode(x=x, y=y, order="order:Q", detail="ring:N")
    )
    words = (
        alt.Chart(pa.Table.from_pylist(labels))
        .mark_text(color=colours.label, fontSize=13)
        .encode(x=x, y=y, text="feature:N")
    )
    base = alt.Chart(pa.Table.from_pylist(corners)).encode(x=x, y=y, color=colour, tooltip=told)
    lines = base.mark_line(strokeWidth=2).encode(order="order:Q")
    _show(
        (web + words + lines + base.mark_point(filled=True, size=40)).properties(
            width=440, height=400
        ),
        f"Radar of how the music sounds: {', '.join(shapes)}",
        "content",
    )


def _on_circle(order: int, count: int, distance: float) -> dict[str, float]:
    """Where a corner lies, the first on top, the others clockwise."""
    angle = 2 * math.pi * order / count
    return {"x": distance * math.sin(angle), "y": distance * math.cos(angle)}


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
            opacity=alt.Opacity(
                "play_count:Q",
                scale=alt.Scale(range=[0.4, 1], nice=True),
                legend=alt.Legend(
                    title="Plays",
                    orient="bottom",
                    direction="horizontal",
                    format=",d",
                    titleOrient="left",
                    titleFontWeight="normal",
                    symbolType="square",
                    symbolStrokeWidth=0,
                    symbolFillColor=_colours().accent,
                    tickCount=3,
                ),
            ),
            tooltip=[
                alt.Tooltip("source:N", title="Source"),
                alt.Tooltip("utcyearmonth(month_start_date):T", title="Month", format="%B %Y"),
                alt.Tooltip("play_count:Q", title="Plays", format=","),
            ],
        )
        .properties(height=210)
    )
    _show(chart, "Months that each source of plays tells of")


def _amount(
    field: str,
    most: float,
    *,
    title: str,
    number_format: str = ",.1f",
    scale_type: Literal["linear", "sqrt"] = "linear",
) -> alt.Color:
    """From nothing to the most, with a legend that says how much a colour is."""
    colours = [_colours().nothing, *_colours().amounts]
    scale = alt.Scale(range=colours, domainMin=0, domainMax=most, type=scale_type)
    legend = alt.Legend(
        title=title,
        orient="bottom",
        direction="horizontal",
        format=number_format,
        titleOrient="left",
        titleFontWeight="normal",
        gradientLength=160,
        gradientThickness=8,
        tickCount=3,
    )
    return alt.Color(f"{field}:Q", legend=legend, scale=scale)


def _over_time(rows: pa.Table, unit: str) -> tuple[pa.Table, alt.X, alt.Tooltip]:
    """Rows with `start_date`, how they lie from left to right, and how each says when it is."""
    if unit == "year":  # a year's name stands below the middle of it, not at its first day
        cells = rows.to_pylist()
        steps = _steps([cell["start_date"] for cell in cells], unit)
        named = [cell | {"step": steps[cell["start_date"]]} for cell in cells]
        return pa.Table.from_pylist(named), _step_axis(steps), alt.Tooltip("step:N", title="Year")
    time_unit, time_format = _SPANS[unit]
    field = f"{time_unit}(start_date):T"
    across = alt.X(field, title=None, axis=alt.Axis(grid=False))
    return (
        _with_dates(rows, "start_date"),
        across.scale(domain=_fortnight(rows)) if unit == "day" else across,
        alt.Tooltip(field, title=unit.title(), format=time_format),
    )


def _fortnight(rows: pa.Table) -> list[alt.DateTime]:
    """From the first day to the last and two weeks at least, or the bar of a day is a slab."""
    dates = cast(list[date], rows["start_date"].to_pylist())
    last = max(max(dates) + timedelta(days=1), min(dates) + timedelta(days=14))
    return [
        alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True)
        for day in (min(dates), last)
    ]


def _step_axis(steps: dict[date, str], padding: float = 0.1) -> alt.X:
    return alt.X(
        "step:O",
        title=None,
        sort=None,
        scale=alt.Scale(domain=list(steps.values()), paddingInner=padding),
        axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False),
    )


def _steps(starts: list[date], unit: str) -> dict[date, str]:
    """Every month or year from the first to the last, and its name on an axis."""
    first, last = min(starts), max(starts)
    if unit == "year":
        return {date(year, 1, 1): f"{year}" for year in range(first.year, last.year + 1)}
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    dates = [date(month // 12, month % 12 + 1, 1) for month in months]
    words = "%b" if first.year == last.year else "%b %Y"
    return {month: f"{month:{words}}" for month in dates}


def _colours() -> _Colours:
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def _with_dates(rows: pa.Table, column: str) -> pa.Table:
    """Days as midnight UTC, which Altair hands to the browser as such."""
    days = rows[column].cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
    return rows.set_column(rows.schema.get_field_index(column), column, days)


def _show(chart: Any, description: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """Draw a chart; the description is what a screen reader says of it."""
    st.altair_chart(chart.properties(description=description), width=width)
