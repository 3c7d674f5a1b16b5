"""`python -m simulator`, as a person types it."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "160", "PATH": ""},
    )


def test_it_writes_the_eras_asked_for_and_says_what_it_wrote(tmp_path: Path) -> None:
    output = tmp_path / "export.zip"
    done = simulate(
        *("--plays", "200", "--seed", "3", "--output", str(output)),
        *("--era", "endsong", "--era", "account_mixed"),
    )
    assert done.returncode == 0, done.stderr
    names = ZipFile(output).namelist()
    assert "MyData/endsong_0.json" in names
    assert "Spotify Account Data/YourLibrary.json" in names
    assert all(name in done.stdout for name in names)


def test_an_unknown_era_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = simulate("--output", str(tmp_path / "x"), "--era", "extended_1999")
    assert done.returncode == 2
    assert "extended_1999" in done.stderr
    assert "extended_2026" in done.stderr
    assert not (tmp_path / "x").exists()
