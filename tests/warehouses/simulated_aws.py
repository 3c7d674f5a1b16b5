"""What acts as Amazon's S3 and Glue: moto, as a program of its own, over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.programs import free_port, wait_for_port


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
    port = free_port()
    with log.open("w") as said:
        server = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=said, stderr=said
        )
        try:
            wait_for_port(port, server)
            yield {
                "aws_endpoint_url": f"http://127.0.0.1:{port}",
                "aws_access_key_id": "simulated",
                "aws_secret_access_key": secret,
            }
        finally:
            server.kill()
            server.wait()


def make_bucket(settings: dict[str, Any], name: str) -> None:
    requests.put(f"{settings['aws_endpoint_url']}/{name}", timeout=30).raise_for_status()
