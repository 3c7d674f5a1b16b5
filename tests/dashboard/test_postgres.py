"""Every question of the dashboard, asked of Postgres: the same marts give the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.dashboard.test_queries import NAMES, a_playlist, answer, top_key
from tests.marts.conftest import Home
from tests.warehouses.server import run_server, server_programs

pytestmark = pytest.mark.skipif(server_programs() is None, reason="Postgres is not installed")

#: What is called otherwise there.
TYPES = {"DOUBLE": "double precision"}


@pytest.fixture(scope="module")
def postgres(warehouse: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with the marts of the warehouse."""
    folder = tmp_path_factory.mktemp("marts")
    with run_server() as server:
        connection = psycopg2.connect(f"{server}/postgres")
        with connection, connection.cursor() as cursor:
            cursor.execute("create schema marts")
            for [mart] in warehouse.query(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            ):
                _copy(warehouse, mart, folder / f"{mart}.csv", cursor)
        connection.close()
        yield f"{server}/postgres"


def _copy(warehouse: Home, mart: str, file: Path, cursor: Any) -> None:
    columns = warehouse.query(
        "select column_name, data_type from information_schema.columns"
        f" where table_schema = 'marts' and table_name = '{mart}' order by ordinal_position"
    )
    typed = ", ".join(f"{name} {TYPES.get(data_type, data_type)}" for name, data_type in columns)
    cursor.execute(f"create table marts.{mart} ({typed})")
    warehouse.query(f"copy marts.{mart} to '{file}' (header false, nullstr 'none at all')")
    with file.open() as rows:
        cursor.copy_expert(f"copy marts.{mart} from stdin (format csv, null 'none at all')", rows)


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_as_duckdb_does(
    name: str, warehouse: Home, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {
        "item_key": top_key(warehouse, "track"),
        "playlist_key": a_playlist(warehouse),
        "words": "the",
    }
    expected = answer(name, **chosen)
    monkeypatch.setenv("WAREHOUSE", "postgres")
    monkeypatch.setenv("POSTGRES_URL", postgres)

    assert _rounded(answer(name, **chosen)) == _rounded(expected)


def _rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A sum of fractions depends on its order."""
    return [
        {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]
