"""How long the dashboard's pages take, in a browser, once they have been seen."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.dashboard.served import CHROMIUM, FLAGS, served, wait_until_drawn

#: The first two warm the answers, and what the browser and Streamlit load once.
ROUNDS = 4


def seconds_by_page(database: Path) -> dict[str, float]:
    """From the click on a page's link until it is drawn, at worst; empty without Chromium."""
    seconds: dict[str, float] = {}
    if CHROMIUM is None:
        return seconds
    with served(database) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 1000})
        tab.goto(address)
        wait_until_drawn(tab)
        links = tab.get_by_test_id("stSidebarNavLink")
        for number in range(ROUNDS):
            for link in links.all():
                name = link.inner_text().split("\n")[-1]
                started = time.perf_counter()
                link.click()
                tab.get_by_role("heading", level=1, name=name).wait_for()
                wait_until_drawn(tab)
                if number > 1:
                    seconds[name] = max(seconds.get(name, 0), time.perf_counter() - started)
        browser.close()
    return seconds
