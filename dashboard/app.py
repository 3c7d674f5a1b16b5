"""The dashboard: its pages, and what all of them share. `make dashboard` runs it in Streamlit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.data import Unavailable
from dashboard.selection import Selection, choose, show_scope
from dashboard.views import (
    compare,
    data,
    habits,
    item,
    overview,
    playlists,
    rhythm,
    spoken,
    taste,
    top,
    year_in_review,
)
from ingestion.errors import UserError

_LOG: Final = logging.getLogger(__name__)

#: A file, because Streamlit fetches its own icons for the tab from a server on the internet.
_ICON: Final = str(Path(__file__).parent / "icon.svg")

_PAGES: Final[tuple[tuple[Callable[[Selection], None], str, str], ...]] = (
    (overview.show, "Overview", ":material/graphic_eq:"),
    (top.show, "Top", ":material/trophy:"),
    (rhythm.show, "Rhythm", ":material/schedule:"),
    (habits.show, "Habits", ":material/devices:"),
    (taste.show, "Taste", ":material/palette:"),
    (year_in_review.show, "Year in review", ":material/celebration:"),
    (item.show, "Look up", ":material/search:"),
    (spoken.show, "Podcasts & audiobooks", ":material/podcasts:"),
    (playlists.show, "Playlists", ":material/queue_music:"),
    (compare.show, "Compare", ":material/group:"),
    (data.show, "Data", ":material/fact_check:"),
)


def main() -> None:
    """Draw the page that the address names; whatever is missing, say so in one line."""
    st.set_page_config(page_title="Listening", page_icon=_ICON, layout="wide")

    def drawn(show: Callable[[Selection], None]) -> Callable[[], None]:
        return lambda: show(selection)

    page = st.navigation(
        [
            st.Page(drawn(show), title=title, icon=icon, url_path=_path(show), default=not place)
            for place, (show, title, icon) in enumerate(_PAGES)
        ]
    )
    st.title(page.title, anchor=False)
    try:
        selection = choose()
        show_scope(selection)
        page.run()
    except (Unavailable, UserError) as error:
        _LOG.warning("%s", error, exc_info=error.__cause__)
        st.info(str(error), icon=":material/info:")


def _path(show: Callable[[Selection], None]) -> str:
    """A page's address: the name of its file."""
    return show.__module__.rsplit(".", 1)[-1]


main()
