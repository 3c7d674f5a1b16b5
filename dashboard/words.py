"""Numbers, days and names as people write them; no column's name reaches the screen."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from babel import Locale

#: What stands where there is nothing to tell.
NONE: Final = "–"  # noqa: RUF001 a dash it is

#: What Markdown, and Streamlit in it, gives a meaning to.
_MARKS: Final = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|$:~]")

_ENGLISH: Final = Locale("en")

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

SOURCES: Final = {
    "extended_export": "Extended history",
    "account_export": "Account data",
    "web_api": "Web API",
}

OVERLAPPING: Final = {"extended": "Extended history", "account": "Account data", "api": "Web API"}

RECORDS: Final = {
    "streaming_history": "Extended history",
    "account_streaming_history": "Account data",
    "recently_played": "Web API",
}

#: match_rule, see bridge_play_records; what is not listed is shown without its underscores.
RULES: Final = {
    "first_record": "the first to tell of its play",
    "row_written_twice": "the same row, written twice",
    "same_minute_length_and_names": "same minute, length and names",
    "same_minute_and_length": "same minute and length",
    "same_track_and_second": "same track, within 2 seconds",
    "same_track_nearby": "same track, nearby in time",
    "same_recording_and_second": "same recording, within 2 seconds",
    "same_recording_nearby": "same recording, nearby in time",
}

#: exclusion_reason; the one that names the seconds is worded where they are read.
REASONS: Final = {
    "retry": "written again by a retry",
    "covered_by_extended_history": "in the account data alone, where the full history is silent",
    "content_type": "of a kind that is left out",
    "private_session": "in a private session",
    "excluded_artist": "an artist that you left out",
    "excluded_track": "a track that you left out",
    "excluded_playlist": "a playlist that you left out",
    "excluded_hour": "at an hour that you left out",
}

KINDS: Final = {
    "tracks": "Tracks",
    "albums": "Albums",
    "artists": "Artists",
    "episodes": "Episodes",
    "shows": "Podcasts",
    "track_audio_features": "Audio features",
}

#: platform_family; names of makers are written as they write them.
DEVICES: Final = {
    "console": "Game console",
    "car": "Car",
    "tv": "Television",
    "speaker": "Speaker",
    "web": "Web player",
    "ios": "iPhone and iPad",
    "android": "Android",
    "windows": "Windows",
    "macos": "Mac",
    "linux": "Linux",
    "unknown": "Not known",
    "other": "Other",
}

STATUSES: Final = {
    "loaded": "loaded",
    "duplicate": "loaded before",
    "set_aside": "set aside",
    "ignored": "left alone",
}


def number(value: float | None) -> str:
    """1,234; a dash where there is none."""
    return NONE if value is None else f"{value:,.0f}"


def hours(value: float | None) -> str:
    """1,234 h, and 12.3 h below a hundred."""
    if value is None:
        return NONE
    return f"{value:,.0f} h" if value >= 100 else f"{value:,.1f} h"


def share(value: float | None) -> str:
    """12.3 %."""
    return NONE if value is None else f"{100 * value:,.1f} %"


def day(value: date | None) -> str:
    """1 February 2026."""
    return NONE if value is None else f"{value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """1 February 2026, 23:55 UTC; of a time without zone that is UTC."""
    return NONE if value is None else f"{day(value)}, {value:%H:%M} UTC"


def length(seconds: float) -> str:
    """45 min, 2 h 05 min."""
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def difference(now: float, before: float) -> str | None:
    """+12 %, of what was before; None where there was nothing."""
    return f"{100 * (now - before) / before:+,.0f} %" if before else None


def reason(exclusion_reason: str) -> str:
    """Why a play does not count, as a person would say it."""
    if exclusion_reason.startswith("under_"):
        return f"under {exclusion_reason.split('_')[1]} seconds"
    return plain(REASONS, exclusion_reason)


def country(code: str) -> str:
    """Norway, of NO; ZZ stands for none that is known."""
    return "Not known" if code == "ZZ" else str(_ENGLISH.territories.get(code, code))


def as_written(name: str) -> str:
    """A name for text that Streamlit reads as Markdown, where A$AP and *NSYNC mean something."""
    return _MARKS.sub(r"\\\g<0>", name)


def plain(words: dict[str, str], name: str) -> str:
    """The words for a name of the marts, or the name without its underscores."""
    return words.get(name, name.replace("_", " "))
