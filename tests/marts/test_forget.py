"""A listener who is forgotten leaves no trace, and the others keep every row."""

from __future__ import annotations

import os
from datetime import timedelta
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from ingestion.cli import app
from ingestion.settings import load_settings
from ingestion.spotify_api.spool import Answer, Spool
from ingestion.spotify_api.tokens import SignIn, TokenFile, sign_in_of
from simulator import Extended, imagine, write_export
from simulator.web_api import serve
from tests.marts.conftest import Home, Marts


def columns_of(home: Home, column: str) -> list[str]:
    """Every table of every schema that has it."""
    return [
        table
        for (table,) in home.query(
            "select table_schema || '.' || table_name from information_schema.columns"
            " where column_name = ? order by all",
            [column],
        )
    ]


def marts_of_me(home: Home) -> Marts:
    """What marts say of one listener."""
    return {
        table: home.query(f"select * from {table} where listener = 'me' order by all")
        for table in columns_of(home, "listener")
        if table.startswith("marts.")
    }


def rows_of_mika(home: Home) -> set[str]:
    """The tables that hold any."""
    return {
        table
        for table in columns_of(home, "listener")
        if home.query(f"select 1 from {table} where listener = 'mika' limit 1")
    }


#: What a poll leaves behind that bears nobody's name.
NAMELESS = (
    "spotify_api._dlt_pipeline_state where pipeline_name = 'spotify_api_mika'",
    "spotify_api.recently_played__track__artists",
    "spotify_api.collection_runs__resources",
)


def test_a_listener_who_is_forgotten_leaves_no_row_and_the_others_keep_theirs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seed in (("me", 5), ("mika", 6)):
        world = imagine(300, seed=seed, artists=40)
        write_export(world, home.folder / f"{name}.zip", [Extended("extended_2026")])
    home.ingest(home.folder / "me.zip")
    home.ingest(home.folder / "mika.zip", listener="mika")
    now = world.plays[-1].ended_at
    with serve(world, now=now, contract="extended") as service:
        home.poll(service, until=now + timedelta(hours=1), listener="mika")
    home.build(tested=False)
    before = marts_of_me(home)
    settings = load_settings(
        duckdb_path=home.duckdb_path, spotify_tokens=home.folder / "tokens.json"
    )
    with TokenFile(settings.spotify_tokens).changing() as tokens:
        tokens.listeners["mika"] = SignIn(
            client_id="app", uses_secret=False, refresh_token=uuid4().hex
        )
    spool = Spool(settings, "mika")
    with spool.turn():
        spool.add(Answer([("recently_played", {"listener": "mika"})]), now)
    assert rows_of_mika(home) > {"spotify_api.recently_played", "marts.fct_plays"}
    assert all(home.query(f"select 1 from {table}") for table in NAMELESS)

    monkeypatch.chdir(home.folder)
    monkeypatch.setitem(os.environ, "DUCKDB_PATH", str(home.duckdb_path))
    monkeypatch.setitem(os.environ, "SPOTIFY_TOKENS", str(settings.spotify_tokens))
    outcome = CliRunner().invoke(app, ["forget", "mika", "--yes"])

    assert outcome.exit_code == 0, outcome.output
    assert "Built" in outcome.output
    assert rows_of_mika(home) == set()
    assert [table for table in NAMELESS if home.query(f"select 1 from {table}")] == []
    assert sign_in_of(settings, "mika") is None
    assert not spool.is_waiting
    assert marts_of_me(home) == before
