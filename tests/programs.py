"""Programs that tests start beside themselves: a port for each, and when they are ready."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest


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


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """For a server at 127.0.0.1: a certificate made with openssl, and its file, to be trusted."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl is installed, to make a certificate with")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    made = f"-keyout {key} -out {certificate} -subj /CN=127.0.0.1"
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -addext subjectAltName=IP:127.0.0.1"
        f" {made}".split(),
        check=True,
        capture_output=True,
    )
    secured = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secured.load_cert_chain(certificate, key)
    return secured, certificate
