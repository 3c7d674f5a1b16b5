"""A real Postgres, started by the tests, in a folder of its own, and gone with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

psycopg2 = pytest.importorskip("psycopg2", reason="the extra `postgres` is not installed")

MakeDatabase = Callable[[], str]
"""Makes an empty database and gives its address."""


def _server_programs() -> Path | None:
    """The folder of initdb and postgres: of PATH, else the newest of Debian's."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server, without a database."""
    programs = _server_programs()
    if programs is None:
        pytest.skip("no Postgres server is installed (Debian: apt-get install postgresql)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("postgres")
    # Postgres refuses to run as root, and wants its folders for itself
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        for path in (folder, *folder.parents[:3]):
            path.chmod(0o755)
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    made = [*user, programs / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*made, "--no-sync"], check=True, capture_output=True)
    options = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
    options += ["fsync=off", "full_page_writes=off", "timezone=America/New_York"]
    control = [*user, programs / "pg_ctl", "-D", data, "-w"]
    log = ["-l", folder / "log", "-o", " ".join(f"-c {option}" for option in options)]
    subprocess.run([*control, *log, "start"], check=True, stdout=subprocess.DEVNULL)
    try:
        yield f"postgresql://tests:unused@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def make_database(server: str) -> MakeDatabase:
    """Databases that sort text as people do: what depends on the collation shows."""

    def make() -> str:
        name = f"spotify_{uuid.uuid4().hex[:8]}"
        connection = psycopg2.connect(f"{server}/postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                f"create database {name} template template0 encoding 'UTF8'"
                " locale_provider icu icu_locale 'en-US' locale 'C'"
            )
        connection.close()
        return f"{server}/{name}"

    return make
