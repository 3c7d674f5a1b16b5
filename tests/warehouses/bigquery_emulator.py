"""BigQuery, emulated: bqemulator in an environment of its own, run as a program of its own.

Google's client, dlt and dbt reach it as they reach Google: over REST, signed in with the key of a
service account. The key is made here, and a few lines on loopback give tokens for it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ingestion.settings import PROJECT_ROOT
from tests.programs import free_port, wait_for_port

_LAUNCHER = Path(__file__).with_name("emulated_bigquery.py")

PROJECT = "listening"


@dataclass(frozen=True)
class Emulator:
    """A BigQuery that is running.

    Attributes:
        endpoint: the address of its API.
        keys: the key file of a service account.
    """

    endpoint: str
    keys: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by which it is found."""
        return {
            "bigquery_project": PROJECT,
            "bigquery_api_endpoint": self.endpoint,
            "google_application_credentials": self.keys,
        }


def emulator_python() -> Path | None:
    """The Python that has the emulator; None where `make test-warehouses` has not made it."""
    given = os.environ.get("BIGQUERY_EMULATOR_PYTHON")
    python = Path(given or PROJECT_ROOT / ".venv-bqemulator" / "bin" / "python")
    return python if python.exists() else None


@contextmanager
def run_emulator(folder: Path) -> Iterator[Emulator]:
    """Yield an emulator without datasets; its log and keys go to `folder`."""
    port = free_port()
    command = [emulator_python(), _LAUNCHER, "start", "--grpc-port", "0", "--rest-port", str(port)]
    environment = os.environ | {"BQEMU_ENABLE_FORMAT_EXTENSIONS": "false", "TMPDIR": str(folder)}
    with (
        (folder / "emulator.log").open("w") as log,
        _token_server() as token_uri,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for_port(port, process)
            keys = folder / "keys.json"
            keys.write_text(json.dumps(_service_account(token_uri)))
            yield Emulator(f"http://127.0.0.1:{port}", keys)
        finally:
            process.terminate()


def _service_account(token_uri: str) -> dict[str, str]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "client_email": f"tests@{PROJECT}.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "token_uri": token_uri,
    }


@contextmanager
def _token_server() -> Iterator[str]:
    """In place of Google's: anybody gets a token, and the emulator takes any."""

    class Tokens(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = {"access_token": "unused", "token_type": "Bearer", "expires_in": 3600}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Tokens) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()
