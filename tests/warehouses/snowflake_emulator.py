"""Snowflake, emulated: fakesnow in an environment of its own, run as a program of its own.

Snowflake's connector, dlt and dbt reach it as they reach Snowflake: over HTTP, signed in by a key
pair that is made here. The emulator takes any sign-in.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from ingestion.settings import PROJECT_ROOT
from tests.programs import free_port, wait_for_port

_LAUNCHER = Path(__file__).with_name("emulated_snowflake.py")

DATABASE = "listening"
PASSPHRASE = "unused"  # noqa: S105


@dataclass(frozen=True)
class Emulator:
    """A Snowflake that is running.

    Attributes:
        url: its address.
        key: the private key of who signs in, which `PASSPHRASE` opens.
    """

    url: str
    key: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by which it is found."""
        return {
            "snowflake_account": "somebodys",
            "snowflake_user": "listener",
            "snowflake_database": DATABASE,
            "snowflake_warehouse": "small",
            "snowflake_url": self.url,
            "snowflake_private_key_file": self.key,
            "snowflake_private_key_passphrase": PASSPHRASE,
        }


def emulator_python() -> Path | None:
    """The Python that has the emulator; None where `make test-warehouses` has not made it."""
    given = os.environ.get("SNOWFLAKE_EMULATOR_PYTHON")
    python = Path(given or PROJECT_ROOT / ".venv-fakesnow" / "bin" / "python")
    return python if python.exists() else None


@contextmanager
def run_emulator(folder: Path) -> Iterator[Emulator]:
    """Yield an emulator with nothing in it; its log and the key go to `folder`."""
    port = free_port()
    command = [str(emulator_python()), str(_LAUNCHER), str(port)]
    environment = os.environ | {"TMPDIR": str(folder)}
    with (
        (folder / "emulator.log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for_port(port, process)
            yield Emulator(f"http://127.0.0.1:{port}", _key(folder / "key.p8"))
        finally:
            process.terminate()


def _key(path: Path) -> Path:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return path
