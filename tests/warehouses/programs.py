"""Programs that answer at a port: an emulator of somebody's service."""

from __future__ import annotations

import socket
import subprocess
import time

_STARTS_WITHIN_SECONDS = 60.0


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens at the port."""
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None, "the program has ended; see its log"
            assert time.monotonic() < deadline, "the program does not answer"
            time.sleep(0.1)
