"""The processes that read big exports."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ingestion.errors import UserError
from ingestion.spotify_export import workers
from ingestion.spotify_export.archive import find_members
from ingestion.spotify_export.examine import Finding
from ingestion.spotify_export.hashes import KnownHashes
from ingestion.spotify_export.reader import Policy
from ingestion.spotify_export.workers import Workers
from simulator import Account, Extended, imagine, write_export

PARENT = """
import os, sys, time
from pathlib import Path
from ingestion.spotify_export import workers

if __name__ == "__main__":
    workers.PROCESSES_FROM_BYTES = 0
    with workers.Workers(Path("unused")) as two:
        two.start_for([])
        print(two._processes.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_killed_import_leaves_no_process_behind(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def findings(export: Path, folder: Path) -> list[Finding]:
    members, _ = find_members([export])
    with Workers(folder) as some:
        found = some.examine_all(members, {}, Policy, KnownHashes())
        # a file gets its stamp two seconds after it was written
        return [replace(finding, stamp=None) for finding in found]


def test_processes_find_what_a_thread_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, folder = tmp_path / "export", tmp_path / "read"
    write_export(imagine(2_000), export, [Extended("extended_2026"), Account(date(2026, 1, 1))])
    (export / "broken.json").write_text('[{"ts": ')
    by_a_thread = findings(export, folder)
    assert not folder.exists()

    folder.mkdir()
    (folder / "left_by_a_killed_run.arrow").touch()
    monkeypatch.setattr(workers, "PROCESSES_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert len(by_a_thread) > 10
    assert findings(export, folder) == by_a_thread
    assert not folder.exists()


def test_rows_that_a_process_cannot_hand_over_end_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_export(imagine(200), tmp_path / "export", [Extended("extended_2026")])
    monkeypatch.setattr(workers, "PROCESSES_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: None)  # as if it were gone again
    with pytest.raises(FileNotFoundError):
        findings(tmp_path / "export", tmp_path / "read")


def test_a_process_that_is_killed_ends_the_import_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, folder = tmp_path / "export", tmp_path / "read"
    write_export(imagine(2_000), export, [Extended("extended_2026"), Account(date(2026, 1, 1))])
    monkeypatch.setattr(workers, "PROCESSES_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    def policy() -> Policy:
        for process in multiprocessing.active_children():
            process.kill()
        return Policy()

    members, _ = find_members([export])
    with Workers(folder) as some, pytest.raises(UserError, match="was killed"):
        list(some.examine_all(members, {}, policy, KnownHashes()))
    assert not folder.exists()


def test_nothing_is_left_where_rows_cannot_be_taken_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, folder = tmp_path / "export", tmp_path / "read"
    write_export(imagine(2_000), export, [Extended("extended_2026")])
    monkeypatch.setattr(workers, "PROCESSES_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    members, _ = find_members([export])
    with Workers(folder) as some:
        suspended = some.examine_all(members, {}, Policy, KnownHashes())
        next(suspended)
        assert folder.exists()
    assert not folder.exists()


def test_who_may_not_read_leaves_the_folder_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PROCESSES_FROM_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    of_another = tmp_path / "rows.arrow"
    of_another.touch()
    with Workers(tmp_path) as some:
        some.start_for([])  # and then the warehouse cannot be opened
    assert of_another.exists()
