"""The picture of a year: what it tells is drawn, and nothing reaches over its edges."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageChops

from dashboard.picture import HEIGHT, MARGIN, WIDTH, Year, draw

YEAR = Year(
    year=2025,
    headline="28,120 minutes",
    facts="in 4,511 streams on 272 days",
    month_hours=(30, 40, 35, 55, 60, 41, 80, 20, 33, 12, 66, 45),
    artists=tuple((f"Artist {place}", "9 streams") for place in range(1, 6)),
    tracks=tuple((f"Track {place}", "An artist") for place in range(1, 6)),
    closing=(("bossa nova", "top genre"), ("43", "new artists"), ("12 days", "in a row")),
)
EMPTY = Year(2025, "", "", (0.0,) * 12, (), (), ())


def drawn(year: Year) -> Image.Image:
    return Image.open(io.BytesIO(draw(year))).convert("RGB")


def changed(one: Year, other: Year) -> tuple[int, int, int, int] | None:
    """The box within which two pictures differ: left, top, right, bottom."""
    return ImageChops.difference(drawn(one), drawn(other)).getbbox()


def test_it_is_of_the_size_that_a_phone_shows_whole() -> None:
    assert drawn(YEAR).size == (WIDTH, HEIGHT) == (1080, 1350)


def test_everything_that_it_is_told_is_drawn() -> None:
    others = (
        replace(YEAR, year=2024),
        replace(YEAR, headline="28,121 minutes"),
        replace(YEAR, facts="in 4,512 streams on 272 days"),
        replace(YEAR, month_hours=(*YEAR.month_hours[:11], 46)),
        replace(YEAR, artists=(*YEAR.artists[:4], ("Artist 6", "9 streams"))),
        replace(YEAR, tracks=(*YEAR.tracks[:4], ("Track 5", "Another"))),
        replace(YEAR, closing=(*YEAR.closing[:2], ("13 days", "in a row"))),
    )
    for other in others:
        assert changed(YEAR, other)


def test_long_names_are_cut_at_their_column() -> None:
    long = "W" * 300
    artists = changed(EMPTY, replace(EMPTY, artists=((long, long),)))
    tracks = changed(EMPTY, replace(EMPTY, tracks=((long, long),)))

    assert artists
    assert artists[2] <= WIDTH // 2
    assert tracks
    assert WIDTH // 2 <= tracks[0] < tracks[2] <= WIDTH - MARGIN + 2


def test_five_of_each_and_the_closing_do_not_overlap() -> None:
    lists = changed(EMPTY, replace(EMPTY, tracks=YEAR.tracks))
    closing = changed(EMPTY, replace(EMPTY, closing=YEAR.closing))
    months = changed(EMPTY, replace(EMPTY, month_hours=YEAR.month_hours))

    assert lists
    assert closing
    assert months
    assert months[3] < lists[1]
    assert lists[3] < closing[1]


def test_letters_that_the_pages_font_lacks_break_nothing() -> None:
    assert changed(EMPTY, replace(EMPTY, artists=(("宇多田ヒカル", "🎉"), ("Жук", "Ω"))))
