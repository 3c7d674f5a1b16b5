"""What acts as Amazon's S3 and Glue: moto, as a program of its own, over HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests


@contextmanager
def simulated_aws(log: Path, secret: str) -> Iterator[dict[str, Any]]:
    """The settings by which it is found.

    Args:
        log: a file for what it says.
        secret: the key to sign in by, which it does not look at.
    """
    program = Path(sys.executable).with_name("moto_server")
    if not program.exists():
        pytest.skip("no S3 is installed: `make test-warehouses` installs it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    with log.open("w") as said:
        server = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=said, stderr=said
        )
        try:
            wait_for(lambda: _answers(endpoint), "S3")
            yield {
                "aws_endpoint_url": endpoint,
                "aws_access_key_id": "simulated",
                "aws_secret_access_key": secret,
            }
        finally:
            server.kill()
            server.wait()


def make_bucket(settings: dict[str, Any], name: str) -> None:
    requests.put(f"{settings['aws_endpoint_url']}/{name}", timeout=30).raise_for_status()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)


def _answers(endpoint: str) -> bool:
    try:
        return requests.get(f"{endpoint}/moto-api/", timeout=5).ok
    except requests.ConnectionError:
        return False
