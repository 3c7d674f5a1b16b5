"""Tables and figures on the screen; the toolbar of a table has a button that saves it as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import streamlit as st

from dashboard.words import NONE

#: Of a row, and of the head with the borders, as Streamlit draws them.
_ROW_PIXELS: Final = 35
_HEAD_PIXELS: Final = 38

_COVERS: Final = "https://i.scdn.co/"

Cells = list[dict[str, Any]]
"""One dict per row, from the label of a column to its value."""


def show(cells: Cells, formats: Mapping[str, Any] | None = None, *, rows: int = 10) -> None:
    """A table without its row numbers.

    Args:
        cells: rows; their keys are what stands above the columns.
        formats: `st.column_config` of the columns that need one.
        rows: as many are seen at once; the rest is scrolled to.
    """
    st.dataframe(pa.Table.from_pylist(cells), **_looks(cells, formats, rows))


def choose(cells: Cells, formats: Mapping[str, Any] | None = None, *, rows: int = 10) -> int | None:
    """The same, but a row can be chosen; returns its place, from 0, once one is."""
    event: Any = st.dataframe(
        pa.Table.from_pylist(cells),
        **_looks(cells, formats, rows),
        on_select="rerun",
        selection_mode="single-row",
    )
    return next(iter(event.selection.rows), None)


def _looks(cells: Cells, formats: Mapping[str, Any] | None, rows: int) -> dict[str, Any]:
    seen = len(cells) if len(cells) <= rows else rows + 0.5  # half a row says that there are more
    return {
        "column_config": dict(formats or {}),
        "hide_index": True,
        "width": "stretch",
        "height": int(seen * _ROW_PIXELS) + _HEAD_PIXELS,
        "placeholder": NONE,
    }


def cover(address: str | None) -> str | None:
    """An image's address, if it is one that the browser may fetch: Spotify's own servers alone."""
    return address if address and address.startswith(_COVERS) else None


def figures(values: Mapping[str, tuple[str, str | None]]) -> None:
    """Numbers in boxes, side by side where there is room: by label, the number and its change."""
    with st.container(horizontal=True):
        for label, (value, change) in values.items():
            # grey: to hear less is not bad
            st.metric(label, value, change, delta_color="off", border=True, width="stretch")


def count() -> Any:
    """1,234."""
    return st.column_config.NumberColumn(format="localized")


def hours() -> Any:
    """1,234.5 h."""
    return st.column_config.NumberColumn(format="%,.1f h")


def size() -> Any:
    """12.3MB, of bytes."""
    return st.column_config.NumberColumn(format="bytes")


def share(most: float = 1.0) -> Any:
    """A bar beside 12.3 %; full at `most`."""
    return st.column_config.ProgressColumn(format="percent", min_value=0, max_value=most)


def day() -> Any:
    """1 Feb 2026."""
    return st.column_config.DateColumn(format="D MMM YYYY")
