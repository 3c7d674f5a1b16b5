"""A project that was parsed, and whose folder was moved then."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import load_settings
from ingestion.transform import run_dbt

#: What dbt wants to know of a project; without the flag it tells its makers of each run.
SMALL = """
name: small
profile: spotify_elt
flags: {send_anonymous_usage_stats: false}
"""


def test_seeds_are_looked_for_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    (before / "seeds").mkdir(parents=True)
    (before / "seeds" / "words.csv").write_text("word\nhouse\n")
    (before / "dbt_project.yml").write_text(SMALL)
    assert seeds(before, monkeypatch) == [("house",)]

    before.rename(after)

    assert seeds(after, monkeypatch) == [("house",)]


def seeds(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str]]:
    """The rows of its one seed, put into an empty warehouse."""
    monkeypatch.setenv("DBT_PROJECT_DIR", str(project))
    with chdir(project.parent):
        path = Path("home.duckdb")
        path.unlink(missing_ok=True)
        assert run_dbt(load_settings(duckdb_path=path), ["--quiet", "seed"])
        with duckdb.connect(path) as connection:
            ((schema,),) = connection.execute(
                "select table_schema from information_schema.tables where table_name = 'words'"
            ).fetchall()
            return connection.execute(f"select word from {schema}.words").fetchall()
