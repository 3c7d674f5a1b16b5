"""Whose listening, of which time: chosen at the side, kept in the address.

`?listener=me&period=2025-03` opens the same view again; a period is `all_time`, a year or a month.
The page about one artist, track or album has that there too: `/item?listener=me&artist=<key>`; what
else a page lets choose, Streamlit keeps there itself (`bind="query-params"`, by its words).
Streamlit empties the address when the page changes, so ours is written anew each time.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.data import Unavailable, ask
from dashboard.words import day

ALL_TIME: Final = "all_time"

#: All time is drawn by months as long as they can be told apart.
_YEARS_BY_MONTH: Final = 3


#: What may stand in the address with a key.
_ITEM_TYPES: Final = ("artist", "track", "album")


@dataclass(frozen=True)
class Item:
    """An artist, track or album, by its item_type and item_key in the marts."""

    item_type: str
    item_key: str

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of a query about it."""
        return {"item_type": self.item_type, "item_key": self.item_key}


@dataclass(frozen=True)
class Selection:
    """What a page is about.

    Attributes:
        listener: whose listening.
        period: `all_time`, `2025` or `2025-03`, as in the marts.
        first_date: of the period, on the listener's calendar; for all time of the first play.
        until_date: the day after the period; for all time after the last play.
        last_date: of the listener's last play: the period may not be over yet.
        time_zone: of the listener, by its IANA name.
    """

    listener: str
    period: str
    first_date: date
    until_date: date
    last_date: date
    time_zone: str

    @property
    def period_type(self) -> str:
        """As the marts call it: all_time, year or month."""
        return _period_type(self.period)

    @property
    def title(self) -> str:
        """The period in words: All time, 2025, March 2025."""
        return _in_words(self.period)

    @property
    def sentence(self) -> str:
        """The period as it stands after `in`: 2025, March 2025, all time."""
        return "all time" if self.period == ALL_TIME else self.title

    @property
    def dates(self) -> dict[str, object]:
        """The parameters of a query between two days."""
        return {
            "listener": self.listener,
            "from_date": self.first_date,
            "until_date": self.until_date,
        }

    @property
    def item_period(self) -> dict[str, object]:
        """The parameters of a query of the charts."""
        return {
            "listener": self.listener,
            "period": self.period,
            "period_type": self.period_type,
        }

    @property
    def unit(self) -> str:
        """What one step of a chart over time stands for: month, or year where months are many."""
        years = self.last_date.year - self.first_date.year + 1
        return "year" if self.period == ALL_TIME and years > _YEARS_BY_MONTH else "month"

    @property
    def steps(self) -> dict[str, object]:
        """The parameters of a query over time: whole years, so of a month its year."""
        last_year = (self.until_date - timedelta(days=1)).year
        return {
            "listener": self.listener,
            "unit": self.unit,
            "from_date": self.first_date.replace(month=1, day=1),
            "until_date": date(last_year + 1, 1, 1),
        }

    @property
    def steps_sentence(self) -> str:
        """What `steps` spans as it stands after `in`: 2025, all time."""
        return f"{self.first_date.year}" if self.period_type == "month" else self.sentence

    def date_of(self, moment: datetime) -> date:
        """The day of a UTC time on the listener's calendar."""
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.time_zone)).date()

    def before(self) -> Selection | None:
        """The period before, cut to the days that this one has had so far; None for all time."""
        if self.period == ALL_TIME:
            return None
        period = _period_of(self.first_date - timedelta(days=1), self.period_type)
        first_date, until_date = _bounds(period)
        if self.last_date + timedelta(days=1) < self.until_date:
            days_so_far = (self.last_date - self.first_date).days + 1
            until_date = min(until_date, first_date + timedelta(days=days_so_far))
        return Selection(
            self.listener, period, first_date, until_date, self.last_date, self.time_zone
        )


def compared_with(selection: Selection, before: Selection) -> str:
    """The period before as it stands after `from`: 2024, or the same days of it."""
    is_cut = before.until_date < selection.first_date
    return f"the same days of {before.title}" if is_cut else before.title


def choose() -> Selection:
    """Show the two boxes at the side; return what was chosen in them.

    Raises:
        Unavailable: nobody has played anything yet.
    """
    listeners = {row["listener"]: row for row in ask("listeners").to_pylist()}
    if not any(row["first_date"] for row in listeners.values()):
        raise Unavailable(
            "The warehouse holds no plays yet. Import an export"
            " (`make run EXPORT=my_spotify_data.zip`), or sign in with `make login`."
        )
    with st.sidebar:
        listener = _choose_listener(listeners)
        period = _choose_period(listener)
    write_address(listener=listener, period=period)
    return _selection(listeners[listener], period)


def write_address(**words: str) -> None:
    """Put what is chosen into the address, and remember that it was we who did."""
    st.query_params.update(words)
    st.session_state.setdefault("written", {}).update(words)


def asked_item() -> Item | None:
    """What the address names, or what was looked up last."""
    for item_type in _ITEM_TYPES:
        if item_type in st.query_params:
            st.session_state.item = Item(item_type, st.query_params[item_type])
    item: Item | None = st.session_state.get("item")
    return item


def open_item(item: Item) -> None:
    """Go to the page about an artist, track or album; what comes after it is not drawn."""
    # Streamlit knows a page by its address: app.py drew the one that stands there
    page = st.Page(lambda: None, url_path="item")
    st.switch_page(page, query_params={item.item_type: item.item_key})


def show_scope(selection: Selection) -> None:
    """Say, above every page: whose, when, on which clock, and what counts."""
    last_date = min(selection.last_date, selection.until_date - timedelta(days=1))
    st.caption(
        f"{selection.listener} · {day(selection.first_date)} to {day(last_date)} · on the clocks of"
        f" {selection.time_zone} · {_counting_rule(selection.listener)}"
    )
    if notice := st.session_state.pop("notice", None):
        st.info(notice, icon=":material/info:")


def _counting_rule(listener: str) -> str:
    """What a stream is; the seconds are those by which the marts leave plays out."""
    [row] = ask("counting_rule", listener=listener).to_pylist()
    if not row["exclusion_reason"]:
        return "a stream is a play that counts"
    return f"a stream is a play of {row['exclusion_reason'].split('_')[1]} seconds and more"


def _choose_listener(listeners: dict[str, dict[str, Any]]) -> str:
    choices = [name for name, row in listeners.items() if row["first_date"]]
    asked = _asked("listener")
    if asked is not None and asked not in choices:
        _say_instead(f"Nobody called “{asked}” has plays here", choices[0])
    listener = asked if asked in choices else choices[0]
    if len(choices) > 1:
        st.session_state.listener = listener
        listener = st.selectbox("Listener", choices, key="listener")
    st.session_state.chosen_listener = listener
    return listener


def _choose_period(listener: str) -> str:
    known = [row["period"] for row in ask("periods", listener=listener).to_pylist()]
    years = sorted((period for period in known if len(period) == 4), reverse=True)
    choices = [ALL_TIME]
    for year in years:
        months = sorted((period for period in known if period.startswith(f"{year}-")), reverse=True)
        choices += [year, *months]
    asked = _asked("period")
    if asked is not None and asked not in choices:
        _say_instead(f"{listener} played nothing in “{asked}”", "all time")
    st.session_state.period = asked if asked in choices else ALL_TIME
    period: str = st.selectbox("Period", choices, key="period", format_func=_in_words)
    st.session_state.chosen_period = period
    return period


def _asked(name: str) -> str | None:
    """What the address says where we did not write it; else what the box shows or last showed.

    An address of somebody else's is that of a link, or one that the browser went back to. Streamlit
    forgets a box that a page did not get to draw, as when another page is chosen while the first
    still loads; so what was chosen is kept beside it.
    """
    if _is_new_address(name):
        return st.query_params[name]
    asked: str | None = st.session_state.get(name, st.session_state.get(f"chosen_{name}"))
    return asked


def _is_new_address(name: str) -> bool:
    written = st.session_state.get("written", {}).get(name)
    return st.query_params.get(name) not in (None, written)


def _say_instead(what_is_wrong: str, shown: str) -> None:
    st.session_state.notice = f"{what_is_wrong}: this is {shown}."


def _selection(row: dict[str, Any], period: str) -> Selection:
    first_date, until_date = row["first_date"], row["last_date"] + timedelta(days=1)
    if period != ALL_TIME:
        first_date, until_date = _bounds(period)
    return Selection(
        row["listener"], period, first_date, until_date, row["last_date"], row["time_zone"]
    )


def _period_type(period: str) -> str:
    if period == ALL_TIME:
        return ALL_TIME
    return "month" if "-" in period else "year"


def _period_of(moment: date, period_type: str) -> str:
    return f"{moment:%Y-%m}" if period_type == "month" else f"{moment:%Y}"


def _bounds(period: str) -> tuple[date, date]:
    """First day of a year or month, and the first after it."""
    if _period_type(period) == "year":
        return date(int(period), 1, 1), date(int(period) + 1, 1, 1)
    year, month = (int(part) for part in period.split("-"))
    first_date = date(year, month, 1)
    return first_date, first_date + timedelta(days=calendar.monthrange(year, month)[1])


def _in_words(period: str) -> str:
    if period == ALL_TIME:
        return "All time"
    if _period_type(period) == "year":
        return period
    return f"{date.fromisoformat(f'{period}-01'):%B %Y}"
