"""A real Postgres, in a folder and at a port of its own, and gone when it is done with."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.programs import free_port


def server_programs() -> Path | None:
    """The folder of initdb and pg_ctl: of PATH, else the newest of Debian's; None without one."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None


@contextmanager
def run_server(**options: str) -> Iterator[str]:
    """Yield the address of a server, without a database; `options` are its settings."""
    programs = server_programs()
    assert programs
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="postgres_"))
    data = str(folder / "data")
    run = partial(subprocess.run, check=True, cwd=folder)
    if os.geteuid() == 0:  # Postgres refuses to run as root
        run = partial(run, user="postgres", group="postgres", extra_groups=[])
        shutil.chown(folder, "postgres")
    settings = {"port": str(port), "listen_addresses": "127.0.0.1"}
    settings |= {"unix_socket_directories": str(folder), "timezone": "America/New_York"} | options
    arguments = " ".join(f"-c {name}={value}" for name, value in settings.items())
    control = [programs / "pg_ctl", "-D", data, "-w"]
    initialise = [programs / "initdb", "-D", data, "-U", "tests", "-A", "trust"]
    run([*initialise, "-E", "UTF8", "--no-sync"], capture_output=True)
    run([*control, "-l", folder / "log", "-o", arguments, "start"], stdout=subprocess.DEVNULL)
    try:
        yield f"postgresql://tests:unused@127.0.0.1:{port}"
    finally:
        run([*control, "-m", "immediate", "stop"], capture_output=True)
        shutil.rmtree(folder)
