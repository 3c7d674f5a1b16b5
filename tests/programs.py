"""Programs that tests start beside themselves: a port for each, and when they are ready."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Return when it has come true."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the program listens at the port."""

    def listens() -> bool:
        assert process.poll() is None, "the program has ended; see its log"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    wait_for(listens, "an answer of the program")
