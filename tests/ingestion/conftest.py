"""Exports made by hand, and imports of them into a DuckDB file of their own."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import Settings
from ingestion.spotify_export.importing import ImportReport, import_exports

IP = "203.0.113.77"
FOLDER = "Spotify Extended Streaming History"


def play(number: int = 0, **fields: Any) -> dict[str, Any]:
    """A row of the extended history as of 2026; `number` makes its time and track its own."""
    row = {
        "ts": f"2025-03-{number % 28 + 1:02}T{number // 28 % 24:02}:15:{number // 672 % 60:02}Z",
        "platform": "android",
        "ms_played": 120_000 + number,
        "conn_country": "NO",
        "ip_addr": IP,
        "master_metadata_track_name": f"Track {number}",
        "master_metadata_album_artist_name": "Artist",
        "master_metadata_album_album_name": "Album",
        "spotify_track_uri": f"spotify:track:{number:022}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": 1_741_000_000 + number,
        "incognito_mode": False,
    }
    return row | fields


def plays(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [play(number) for number in range(first, first + count)]


def as_bytes(content: object) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def make_zip(path: Path, members: Mapping[str, object]) -> Path:
    """A zip of `members`: bytes as they are, all else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, as_bytes(content))
    return path


class Database:
    """A DuckDB file and the imports into it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def settings(self, *exports: Path, **fields: Any) -> Settings:
        values = {"duckdb_path": self.path, "export": list(exports), "listener": "me", **fields}
        return Settings(_env_file=None, **values)

    def load(self, *exports: Path, **fields: Any) -> ImportReport:
        return import_exports(self.settings(*exports, **fields))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def count(self, table: str) -> int:
        return int(self.query(f"select count(*) from spotify_export.{table}")[0][0])

    def tables(self) -> list[str]:
        rows = self.query(
            "select table_name from information_schema.tables"
            " where table_schema = 'spotify_export' and table_name not like '\\_dlt%' escape '\\'"
        )
        return sorted(name for (name,) in rows)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the raw tables hold but for the time of the load, in an order of its own."""
        content = {}
        for table in self.tables():
            times = "updated_at" if table == "listeners" else "loaded_at"
            rows = self.query(f"select * exclude ({times}) from spotify_export.{table}")
            content[table] = sorted(rows, key=repr)
        return content

    def text(self) -> str:
        """All rows of all tables, dlt's own ones too, as text."""
        tables = self.query("select table_schema, table_name from information_schema.tables")
        return "\n".join(str(self.query(f"from {schema}.{name}")) for schema, name in tables)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "warehouse" / "spotify.duckdb")


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Make a zip of the given members: `export({"a.json": rows}, name="x.zip")`."""

    def make(members: Mapping[str, object], name: str = "my_spotify_data.zip") -> Path:
        return make_zip(tmp_path / name, members)

    return make


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name in list(os.environ):
        if name.startswith("DLT_"):
            monkeypatch.delenv(name)
