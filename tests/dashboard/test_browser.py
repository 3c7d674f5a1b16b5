"""The dashboard in a real browser: every page, by its links, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.dashboard.served import CHROMIUM, FLAGS, served, wait_until_drawn
from tests.marts.conftest import Home

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")

FAINT_TEXTS = Path(__file__).with_name("faint_texts.js").read_text()

PAGES = (
    "Overview",
    "Top",
    "Rhythm",
    "Habits",
    "Taste",
    "Year in review",
    "Look up",
    "Podcasts & audiobooks",
    "Playlists",
    "Compare",
    "Data",
)


@pytest.fixture(scope="module")
def address(warehouse: Home) -> Iterator[str]:
    with served(warehouse.duckdb_path) as address:
        yield address


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_is_drawn_without_an_error(
    address: str, tmp_path: Path, scheme: str, width: int
) -> None:
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": width, "height": 2400}, color_scheme=scheme)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda line: complaints.append(line.text) if line.type == "error" else 0)
        tab.on("request", lambda request: complaints.extend(_abroad(request.url, address)))
        tab.goto(f"{address}/?period=2025")
        for name in PAGES:
            _open(tab, name)
            tab.screenshot(path=tmp_path / f"{name}.png")
            assert tab.evaluate(FAINT_TEXTS) == []
            assert "period=2025" in tab.url
            assert tab.get_by_test_id("stException").count() == 0
            # one listener has nobody to be compared with
            assert tab.get_by_test_id("stDataFrame").count() >= (name != "Compare")
        browser.close()

    assert complaints == []
    assert len(list(tmp_path.glob("*.png"))) == len(PAGES)


def test_a_row_of_the_charts_leads_to_its_page_and_the_picture_is_saved(
    address: str, warehouse: Home, tmp_path: Path
) -> None:
    [(key, name)] = warehouse.query(
        "select item_key, item_name from marts.agg_period_items"
        " where period = '2025' and item_type = 'artist' and item_rank = 2"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 1200})
        tab.goto(f"{address}/?period=2025")
        _open(tab, "Overview")
        _open(tab, "Top")
        tab.get_by_test_id("data-grid-canvas").first.wait_for(timeout=60_000)
        tab.wait_for_timeout(1_000)  # the table grows into its place
        # the boxes to choose rows by are drawn on a canvas: this is that of the second row
        tab.get_by_test_id("stDataFrame").first.click(position={"x": 18, "y": 35 + 35 + 17})
        tab.get_by_role("heading", level=2, name=name, exact=True).wait_for(timeout=60_000)
        tab.wait_for_url(_is("/item", listener="me", period="2025", artist=key))

        _open(tab, "Year in review")
        tab.wait_for_url(_is("/year_in_review", listener="me", period="2025"))
        with tab.expect_download() as saving:
            tab.get_by_role("button", name="Save the picture").click()
        saving.value.save_as(tmp_path / "picture.png")
        assert saving.value.suggested_filename == "listening-2025.png"

        _open(tab, "Look up")
        tab.wait_for_url(_is("/item", listener="me", period="2025", artist=key))
        browser.close()

    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_page_lets_choose_is_in_its_address(address: str, warehouse: Home) -> None:
    [(name,)] = warehouse.query(
        "select item_name from marts.agg_period_items"
        " where period = '2025' and item_type = 'album' and item_rank = 1"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 1200})
        tab.goto(f"{address}/top?period=2025&what=Albums&words={quote(name)}")
        tab.get_by_placeholder("Search albums").wait_for(timeout=60_000)
        assert tab.get_by_placeholder("Search albums").input_value() == name
        tab.wait_for_url(
            _is("/top", listener="me", period="2025", what="Albums", words=name), timeout=60_000
        )
        tab.get_by_role("radio", name="Podcasts").click()
        tab.wait_for_url(_is("/top", listener="me", period="2025", what="Podcasts", words=name))

        _open(tab, "Playlists")
        tab.wait_for_url(_is("/playlists", listener="me", period="2025"))
        tab.get_by_role("combobox", name="Playlist").click()
        other = tab.get_by_role("option").last
        chosen = other.inner_text()
        other.click()
        tab.wait_for_url(_is("/playlists", listener="me", period="2025", playlist=chosen))
        browser.close()


def test_back_leads_to_what_was_chosen_before(address: str) -> None:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 1200})
        tab.goto(f"{address}/top?period=2025&listener=me")
        wait_until_drawn(tab)
        for words, period in (("2026", "2026"), ("March 2025", "2025-03")):
            tab.get_by_role("combobox", name="Period").click()
            tab.get_by_role("option", name=words, exact=True).click()
            tab.wait_for_url(_is("/top", listener="me", period=period))
        _open(tab, "Rhythm")
        tab.wait_for_url(_is("/rhythm", listener="me", period="2025-03"))

        _go_back(tab, until=_is("/top", listener="me", period="2025-03"))
        tab.get_by_role("heading", level=1, name="Top").wait_for(timeout=60_000)
        for period, days in (("2026", "1 Jan 2026"), ("2025", "1 Jan 2025 to 31 Dec 2025")):
            _go_back(tab, until=_is("/top", listener="me", period=period))
            tab.get_by_test_id("stCaptionContainer").first.filter(has_text=days).wait_for()
        browser.close()


def _go_back(tab: playwright.Page, until: Callable[[str], bool]) -> None:
    """Press Back, twice where a page was changed: its address was written in two steps."""
    for _ in range(2):
        tab.go_back()
        tab.wait_for_timeout(500)
        wait_until_drawn(tab)
        if until(tab.url):
            return
    raise AssertionError(f"Back leads to {tab.url}")


def _is(path: str, **query: str) -> Callable[[str], bool]:
    """Whether an address is that of a page with just these choices."""

    def holds(url: str) -> bool:
        parts = urlsplit(url)
        return parts.path == path and dict(parse_qsl(parts.query)) == query

    return holds


def _open(tab: playwright.Page, name: str) -> None:
    """Follow the link of a page, on a phone behind a button, and wait until it is drawn."""
    link = tab.get_by_test_id("stSidebarNavLink").filter(has_text=name)
    tab.get_by_role("heading", level=1).wait_for(timeout=60_000)
    if tab.get_by_role("heading", level=1).inner_text() != name:
        button = tab.get_by_test_id("stExpandSidebarButton")
        if button.is_visible():
            button.click()
        link.click()
    tab.get_by_role("heading", level=1, name=name).wait_for(timeout=60_000)
    wait_until_drawn(tab)


def _abroad(url: str, address: str) -> list[str]:
    """A request that leaves this machine, but for covers, which only Spotify has."""
    near = (address, address.replace("http", "ws"), "data:", "blob:", "https://i.scdn.co/")
    return [] if url.startswith(near) else [f"asked {url}"]
