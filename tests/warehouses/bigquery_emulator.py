"""A BigQuery to test with: bqemulator in an environment of its own, or a project of Google's own.

Google's client, dlt and dbt reach the emulator as they reach Google: over REST, signed in with the
key of a service account. The key is made here, and a few lines on loopback give tokens for it.
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
from google.api_core.client_options import ClientOptions
from google.cloud.bigquery import Client
from google.oauth2 import service_account

from ingestion.settings import PROJECT_ROOT
from tests.programs import free_port, wait_for_port

_LAUNCHER = Path(__file__).with_name("emulated_bigquery.py")

PROJECT = "listening"


@dataclass(frozen=True)
class BigQuery:
    """A BigQuery that answers.

    Attributes:
        project: where the datasets are made.
        location: of the datasets.
        endpoint: the address of an emulator's API; None for Google's own.
        keys: the key file of a service account; None where Google's own sign-in is found.
    """

    project: str = PROJECT
    location: str = "EU"
    endpoint: str | None = None
    keys: Path | None = None

    @property
    def is_emulated(self) -> bool:
        """Whether it tells what no BigQuery of Google's would: fixed numbers of bytes."""
        return self.endpoint is not None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by which it is found."""
        return {
            "bigquery_project": self.project,
            "bigquery_location": self.location,
            "bigquery_api_endpoint": self.endpoint,
            "google_application_credentials": self.keys,
        }

    def client(self) -> Client:
        """One that is not ours."""
        if self.keys is None:
            return Client(self.project, location=self.location)
        account = service_account.Credentials.from_service_account_file(str(self.keys))
        return Client(
            self.project,
            account,
            location=self.location,
            client_options=ClientOptions(api_endpoint=self.endpoint),
        )


@contextmanager
def own_project(prefix: str) -> Iterator[BigQuery | None]:
    """Yield that of BIGQUERY_TEST_PROJECT, if it is set; drop its datasets of the prefix after."""
    project = os.environ.get("BIGQUERY_TEST_PROJECT")
    if not project:
        yield None
        return
    service = BigQuery(project, os.environ.get("BIGQUERY_TEST_LOCATION", "EU"))
    try:
        yield service
    finally:
        with service.client() as client:
            for dataset in client.list_datasets():
                if dataset.dataset_id.startswith(prefix):
                    client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)


def emulator_python() -> Path | None:
    """The Python that has the emulator; None where `make test-warehouses` has not made it."""
    given = os.environ.get("BIGQUERY_EMULATOR_PYTHON")
    python = Path(given or PROJECT_ROOT / ".venv-bqemulator" / "bin" / "python")
    return python if python.exists() else None


@contextmanager
def run_emulator(folder: Path) -> Iterator[BigQuery]:
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
            yield BigQuery(endpoint=f"http://127.0.0.1:{port}", keys=keys)
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
