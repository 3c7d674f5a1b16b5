"""A year as one picture, to save and to send: drawn by Pillow, which comes with Streamlit.

The letters are Streamlit's own, so that the picture looks like the page; what they cannot write,
Japanese for one, a font of the machine writes if it has one that can.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 1080
HEIGHT: Final = 1350
MARGIN: Final = 84

#: Pillow draws corners with steps: all is drawn larger, and made small again.
_LARGER: Final = 2

_GROUND: Final = ("#0d1614", "#0b4a39")
_INK: Final = "#f1f7f4"
_QUIET: Final = "#93b3a7"
_ACCENT: Final = "#4fd1a5"

_REGULAR: Final = 400
_BOLD: Final = 700

_ELLIPSIS: Final = "…"

#: No font has a letter here.
_NO_LETTER: Final = "\U0010ffff"

_MONTHS: Final = "JFMAMJJASOND"

#: Fonts of Linux, macOS and Windows for names in other scripts; Pillow finds them by their files.
_OTHER_FONTS: Final = (
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "DejaVuSans-Bold.ttf",
    "Arial Unicode.ttf",
    "msyhbd.ttc",
    "malgunbd.ttf",
    "segoeuib.ttf",
)


@dataclass(frozen=True)
class Year:
    """What the picture tells.

    Attributes:
        year: the calendar year.
        headline: its one large figure.
        facts: lines below it.
        month_hours: hours heard in each month, from January on.
        artists: names and streams, the most streamed first.
        tracks: names and artists, the most streamed first.
        closing: figures at the foot, each with its words.
    """

    year: int
    headline: str
    facts: str
    month_hours: tuple[float, ...]
    artists: tuple[tuple[str, str], ...]
    tracks: tuple[tuple[str, str], ...]
    closing: tuple[tuple[str, str], ...]


def draw(year: Year) -> bytes:
    """The picture, as PNG."""
    picture = _ground()
    pen = _Pen(ImageDraw.Draw(picture))
    right = WIDTH - MARGIN
    pen.write("My year of listening", MARGIN, 112, 34, colour=_ACCENT, weight=_BOLD)
    pen.write(f"{year.year}", MARGIN, 280, 190, weight=_BOLD)
    pen.write(year.headline, MARGIN, 392, 82, colour=_ACCENT, weight=_BOLD, until=right)
    pen.write(year.facts, MARGIN, 444, 34, colour=_QUIET, until=right)
    _draw_months(pen, year.month_hours, top=494, bottom=634)
    middle = WIDTH // 2 + 14
    _draw_list(pen, "Top artists", year.artists, MARGIN, middle - 28)
    _draw_list(pen, "Top tracks", year.tracks, middle, right)
    _draw_closing(pen, year.closing)
    small = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "PNG")
    return file.getvalue()


class _Pen:
    """Writes and draws in the picture's own measure."""

    def __init__(self, ink: ImageDraw.ImageDraw) -> None:
        self._ink = ink

    def write(
        self,
        text: str,
        left: float,
        baseline: float,
        size: int,
        *,
        colour: str = _INK,
        weight: int = _REGULAR,
        until: float | None = None,
        smallest: int | None = None,
        centred: bool = False,
    ) -> None:
        """One line; smaller, then cut short, where it would reach beyond `until`."""
        if until is not None:
            while size > (smallest or size) and _width(text, size, weight) > until - left:
                size -= 2
            text = _shortened(text, size, weight, until - left)
        self._ink.text(
            (left * _LARGER, baseline * _LARGER),
            text,
            fill=colour,
            font=_font(text, size, weight),
            anchor="ms" if centred else "ls",
        )

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A bar with round corners."""
        radius = min(6, (bottom - top) / 2)
        self._ink.rounded_rectangle(
            tuple(side * _LARGER for side in (left, top, right, bottom)),
            radius=radius * _LARGER,
            fill=colour,
        )


def _ground() -> Image.Image:
    """From dark above to green below."""
    shades = Image.linear_gradient("L").resize((WIDTH * _LARGER, HEIGHT * _LARGER))
    above, below = (Image.new("RGB", shades.size, colour) for colour in _GROUND)
    return Image.composite(below, above, shades)


def _draw_months(pen: _Pen, hours: Sequence[float], *, top: float, bottom: float) -> None:
    """A bar for each month; the one with the most is bright."""
    most = max(hours, default=0)
    step = (WIDTH - 2 * MARGIN) / len(_MONTHS)
    for place, (name, heard) in enumerate(zip(_MONTHS, hours, strict=True)):
        left = MARGIN + place * step
        height = max(4.0, (bottom - top) * heard / most) if most else 4.0
        colour = _ACCENT if heard and heard == most else "#2e7d64"
        pen.box(left + 7, bottom - height, left + step - 7, bottom, colour)
        pen.write(name, left + step / 2, bottom + 36, 24, colour=_QUIET, centred=True)


def _draw_list(
    pen: _Pen, heading: str, items: Sequence[tuple[str, str]], left: float, right: float
) -> None:
    """Places and names, each with a quieter line below where there is one."""
    if not items:
        return
    pen.write(heading, left, 758, 34, colour=_ACCENT, weight=_BOLD)
    for place, (name, below) in enumerate(items):
        baseline = 824 + 80 * place
        pen.write(f"{place + 1}", left, baseline, 34, colour=_QUIET)
        pen.write(name, left + 40, baseline, 36, weight=_BOLD, until=right, smallest=26)
        pen.write(below, left + 40, baseline + 32, 25, colour=_QUIET, until=right)


def _draw_closing(pen: _Pen, closing: Sequence[tuple[str, str]]) -> None:
    """Figures side by side at the foot."""
    width = (WIDTH - 2 * MARGIN) / max(1, len(closing))
    for place, (figure, words) in enumerate(closing):
        left = MARGIN + place * width
        pen.write(figure, left, 1254, 46, weight=_BOLD, until=left + width - 20)
        pen.write(words, left, 1292, 26, colour=_QUIET, until=left + width - 20)


def _shortened(text: str, size: int, weight: int, width: float) -> str:
    """The text, or as much of it as there is room for."""
    shorter = text
    while shorter and _width(shorter, size, weight) > width:
        shorter = shorter.removesuffix(_ELLIPSIS)[:-1].rstrip() + _ELLIPSIS
        if shorter == _ELLIPSIS:
            break
    return shorter


def _width(text: str, size: int, weight: int) -> float:
    return _font(text, size, weight).getlength(text) / _LARGER


def _font(text: str, size: int, weight: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The first font that has all letters of the text, the page's own if none has."""
    for name in (_own_font(), *_OTHER_FONTS):
        font = _loaded(name, size, weight)
        if font and all(_has(font, letter) for letter in set(text)):
            return font
    # Streamlit may hide its letters elsewhere one day
    return _loaded(_own_font(), size, weight) or ImageFont.load_default(size * _LARGER)


@cache
def _own_font() -> str:
    """Streamlit's, whose file bears a hash in its name."""
    files = (Path(st.__file__).parent / "static").rglob("SourceSansVF-Upright.*.woff2")
    return str(next(files, ""))


@cache
def _loaded(name: str, size: int, weight: int) -> ImageFont.FreeTypeFont | None:
    """A font in a size; None where the machine does not have it."""
    try:
        font = ImageFont.truetype(name, size * _LARGER)
    except OSError:
        return None
    with suppress(OSError):  # not every font comes in all weights
        font.set_variation_by_axes([weight])
    return font


@cache
def _has(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    """Whether a font can write a letter, and would not draw the box that stands for none."""
    box = bytes(font.getmask(_NO_LETTER))
    return letter.isspace() or bytes(font.getmask(letter)) != box
