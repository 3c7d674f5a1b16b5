"""A command as a whole process: how long it takes, and how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingestion.settings import PROJECT_ROOT

BENCH = PROJECT_ROOT / "data" / "bench"

#: Libraries import what is at hand, pandas and numpy: for who has those, all takes longer.
USERS_PYTHON = PROJECT_ROOT / ".venv-user" / "bin" / "python"

#: A Spotify account, until its standard input ends; what stands before it makes `world` and `now`.
SERVE = """
import json, sys
from simulator.web_api import serve
with serve(world, now=now, contract=sys.argv[1]) as service:
    secrets = {"SPOTIFY_CLIENT_SECRET": service.client_secret,
               "SPOTIFY_REFRESH_TOKEN": service.sign_in()}
    print(json.dumps(service.environment | secrets), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Measured:
    """One process: seconds of wall time and of processor time, megabytes of peak memory."""

    seconds: float
    megabytes: float
    cpu_seconds: float


def measure(
    *command: str, cwd: Path = BENCH, python: Path | str = USERS_PYTHON, **variables: str
) -> Measured:
    """Run Python with these arguments, by default with what users install and nothing else."""
    started = time.perf_counter()
    cpu_before = os.times()
    with subprocess.Popen(
        [python, *command],
        env=os.environ | variables,
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, tree_megabytes(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        if process.returncode:
            raise SystemExit((process.stderr.read() if process.stderr else b"").decode())
    cpu = os.times()
    cpu_seconds = cpu.children_user + cpu.children_system
    cpu_seconds -= cpu_before.children_user + cpu_before.children_system
    return Measured(seconds, peak, cpu_seconds)


def tree_megabytes(pid: int) -> float:
    """Resident memory of a process and all below it, files that they share once; 0 without /proc.

    By pages that are no file's (`statm`): to have the kernel divide shared pages by their users
    would stop what is measured at each look.
    """
    own, of_files = zip(*_pages(pid), (0, 0), strict=True)
    return (sum(own) + max(of_files)) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _pages(pid: int) -> Iterator[tuple[int, int]]:
    """Of a process and each below it: pages that are no file's, and those of files."""
    try:
        _, resident, of_files, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    yield int(resident) - int(of_files), int(of_files)
    for child in children:
        yield from _pages(int(child))


def ours(
    verb: str,
    database: Path,
    *exports: Path,
    python: Path | str = USERS_PYTHON,
    **variables: str,
) -> Measured:
    """A verb of ours. dbt parses all files anew for a database of another name: use one."""
    database.parent.mkdir(parents=True, exist_ok=True)
    return measure(
        *("-m", "ingestion", *verb.split()),
        cwd=database.parent,
        python=python,
        SPOTIFY_TOKENS=str(Path(tempfile.gettempdir()) / "no-such-tokens.json"),
        EXPORT=":".join(str(path) for path in exports),
        DUCKDB_PATH=database.name,
        XDG_CACHE_HOME=str(BENCH / "cache"),
        LISTENER_TIMEZONE="Europe/Oslo",
        DBT_TARGET_PATH=str(BENCH / "target"),
        DBT_LOG_PATH=str(BENCH / "logs"),
        PYTHONPATH=str(PROJECT_ROOT),
        **variables,
    )


@contextmanager
def spotify(world: str, contract: str) -> Iterator[dict[str, str]]:
    """The variables by which ours finds an account in a process of its own, signed in and unpaced.

    Args:
        world: Python that makes `world` and `now`.
        contract: of the app with Spotify.
    """
    with subprocess.Popen(
        [sys.executable, "-c", world + SERVE, contract],
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        yield json.loads(server.stdout.readline()) | {"REQUESTS_PER_MINUTE": "0"}
        server.communicate("")
