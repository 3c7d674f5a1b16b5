"""How `make` sets `.venv` up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.settings import PROJECT_ROOT

SYSTEMS = Path("/usr/bin/python3")


def chosen(path: Path, **variables: str) -> str:
    """The Makefile's PYTHON, where `path` comes first of all that programs are looked for in."""
    given_to_make = {"PYTHON", "MAKEFLAGS", "MAKEOVERRIDES"}  # by whoever runs these tests
    environment = {name: value for name, value in os.environ.items() if name not in given_to_make}
    environment |= {"PATH": f"{path}:{environment['PATH']}", **variables}
    told = subprocess.run(
        ["make", "--no-print-directory", "--eval", "tell: ; @echo $(PYTHON)", "tell"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


def compiled(folder: Path, how: str) -> Path:
    """A folder with a python3 that says it was configured so."""
    (folder / "sysconfig.py").write_text(f"def get_config_var(name):\n    return {how!r}\n")
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    return folder


def systems_is_suitable() -> bool:
    needed = "import ensurepip, sys; assert sys.version_info >= (3, 11)"
    return SYSTEMS.exists() and subprocess.run([SYSTEMS, "-c", needed], check=False).returncode == 0


def test_it_is_that_of_the_path_if_that_was_optimised(tmp_path: Path) -> None:
    assert chosen(compiled(tmp_path, "'--enable-optimizations'")) == "python3"


def test_it_is_the_systems_if_that_of_the_path_was_not(tmp_path: Path) -> None:
    expected = str(SYSTEMS) if systems_is_suitable() else "python3"
    assert chosen(compiled(tmp_path, "'--enable-shared'")) == expected


def test_it_is_what_somebody_asks_for(tmp_path: Path) -> None:
    assert chosen(compiled(tmp_path, "'--enable-shared'"), PYTHON="python3.14") == "python3.14"


@pytest.mark.skipif(not SYSTEMS.exists(), reason="needs a Python of the system's")
def test_it_is_the_systems_if_the_path_has_none(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3").chmod(0o755)
    assert chosen(tmp_path) == (str(SYSTEMS) if systems_is_suitable() else "python3")


def test_what_is_set_up_in_a_folder_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    home, moved = tmp_path / "home", tmp_path / "moved"
    (home / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT_ROOT / name, home)
    for made in ("bin/python", "installed"):
        (home / ".venv" / made).touch()
    (home / ".venv" / "made-in").write_text(f"{home}\n")

    assert would_do(home) == ""
    home.rename(moved)
    told = would_do(moved)

    assert told.index("rm -rf .venv") < told.index("-m venv .venv") < told.index("Setting up .venv")


def would_do(folder: Path) -> str:
    """What `make setup` would run there, with no uv on the path."""
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "setup"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.replace("make: Nothing to be done for 'setup'.\n", "")
