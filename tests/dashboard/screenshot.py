"""`make screenshot`: docs/dashboard.png, of the simulated listener of `make demo`."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from ingestion.settings import PROJECT_ROOT
from tests.dashboard.served import CHROMIUM, FLAGS, served, wait_until_drawn

DEMO = PROJECT_ROOT / "data" / "demo" / "demo.duckdb"
PICTURE = PROJECT_ROOT / "docs" / "dashboard.png"


def main() -> None:
    if not DEMO.exists():
        raise SystemExit("there is no simulated listener yet: run `make demo` first")
    if CHROMIUM is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    with served(DEMO) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        tab = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="light")
        tab.goto(f"{address}/?period=2025")
        wait_until_drawn(tab)
        tab.wait_for_timeout(2_000)  # the charts grow into their places
        tab.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
