"""A real Postgres with databases of the tests' own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator import World
from tests.marts.conftest import edited_seeds
from tests.warehouses.parity import MOVED_ABROAD, imagined
from tests.warehouses.server import run_server, server_programs

psycopg2 = pytest.importorskip("psycopg2", reason="the extra `postgres` is not installed")

MakeDatabase = Callable[[], str]
"""Makes an empty database and gives its address."""


@pytest.fixture(scope="module")
def world() -> World:
    """The life by which warehouses are compared."""
    return imagined()


@pytest.fixture(scope="module")
def moved_abroad(dbt_project_copy: Path) -> Iterator[None]:
    """The project that is built has a move abroad among its seeds."""
    with edited_seeds(dbt_project_copy) as seeds:
        (seeds / "listener_time_zones.csv").write_text(MOVED_ABROAD)
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server, without a database."""
    if server_programs() is None:
        pytest.skip("no Postgres server is installed (Debian: apt-get install postgresql)")
    with run_server(fsync="off", full_page_writes="off") as url:
        yield url


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
