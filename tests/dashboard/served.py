"""The dashboard as `make dashboard` serves it, and a browser to look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from ingestion.settings import PROJECT_ROOT
from tests.programs import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

#: What a page tells by: tables, or one line where there is nothing to tell.
TOLD = "[data-testid=stDataFrame], [data-testid=stAlert]"

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def served(duckdb_path: Path) -> Iterator[str]:
    """The address of a server of its own."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "dashboard/app.py",
            "--server.headless=true",
            f"--server.port={port}",
        ],
        cwd=PROJECT_ROOT,
        env=os.environ | {"DUCKDB_PATH": str(duckdb_path), "PYTHONPATH": str(PROJECT_ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _answering(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.wait()


def _answering(address: str, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(f"{address}/_stcore/health"):  # noqa: S310 our own server
                return address
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


def wait_until_drawn(tab: Page) -> None:
    """A page is drawn when its script is over, and a table or a line on why none is there."""
    tab.get_by_role("heading", level=1).wait_for(timeout=60_000)
    tab.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    tab.locator(TOLD).first.wait_for(timeout=60_000)
