"""What Python asks of a warehouse, in BigQuery's words: valid by Google's own analyser."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
import yaml

pytest.importorskip("zetasql", reason="`make test-warehouses` installs it")

from rich.console import Console

from dashboard.data import load_query
from ingestion.costs import show_costs
from ingestion.settings import PROJECT_ROOT
from ingestion.status import show_status
from ingestion.summary import show_summary
from ingestion.warehouse import Row, open_warehouse
from ingestion.warehouse.bigquery_sql import PARTITIONED, Script, with_all_days
from ingestion.warehouse.duckdb import _OpenDuckDB
from ingestion.warehouse.schemas import SCHEMAS
from simulator import World
from tests.dashboard.test_queries import NAMES, PARAMETERS
from tests.warehouses.googlesql import NotGoogleSql, Relations, check
from tests.warehouses.parity import build_first, imagined, side_of, write_exports

PROJECT = "listening"

#: BigQuery's names of the types that tables have in DuckDB.
TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "INTEGER": "int64",
    "DOUBLE": "float64",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}

#: It counts days between two dates, for which no words are DuckDB's, Postgres's and BigQuery's.
NOT_ON_BIGQUERY = {"release_age"}

#: What DuckDB is asked about itself.
OF_DUCKDB = ("information_schema", "duckdb_databases")

Asked = list[tuple[str, Sequence[object]]]


@pytest.fixture(scope="module")
def world() -> World:
    return imagined()


@pytest.fixture(scope="module")
def asked_of(
    world: World, parsed_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Asked, Relations]:
    """Every statement of imports, polls, a build and what is shown, and the tables after them."""
    asked: Asked = []
    query = _OpenDuckDB.query

    def query_noted(
        warehouse: _OpenDuckDB, sql: str, parameters: Sequence[object] = ()
    ) -> list[Row]:
        asked.append((sql, list(parameters)))
        return query(warehouse, sql, parameters)

    folder = tmp_path_factory.mktemp("asked")
    write_exports(world, folder)
    with (
        pytest.MonkeyPatch.context() as patched,
        side_of(
            world, tmp_path_factory.mktemp("duckdb"), parsed_project, "duckdb", raw_retention_days=1
        ) as side,
    ):
        patched.setattr(_OpenDuckDB, "query", query_noted)
        build_first(side, world, folder)
        show_summary(Console(quiet=True), side.settings)
        patched.setattr("ingestion.summary._HOUSEHOLD", 0)
        show_summary(Console(quiet=True), side.settings)
        show_status(Console(quiet=True), side.settings)
        show_costs(Console(quiet=True), side.settings, datetime.now(UTC))
        with open_warehouse(side.settings, read_only=True) as warehouse:
            relations = {
                (schema, table): {name: TYPES[kind] for name, kind in columns.items()}
                for schema in SCHEMAS
                for table, columns in warehouse.column_types(schema).items()
            }
    return asked, relations


def test_what_python_asks_is_valid(asked_of: tuple[Asked, Relations]) -> None:
    asked, relations = asked_of
    wrong, checked = {}, set()
    for (sql, parameters), names_all_days in product(asked, [False, True]):
        script = Script(names_all_days)
        script.add(sql, parameters)
        if script.text in checked or any(view in sql for view in OF_DUCKDB):
            continue
        checked.add(script.text)
        kinds = {one.name: one.type_.lower() for one in script.parameters}
        try:
            check(script.text, kinds, PROJECT, relations)
        except NotGoogleSql as error:
            wrong[script.text] = str(error)
    assert wrong == {}
    assert len(checked) > 80


@pytest.mark.parametrize("names_all_days", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_the_dashboard_asks_is_valid(
    name: str, *, names_all_days: bool, asked_of: tuple[Asked, Relations]
) -> None:
    query, script = load_query(name), Script(names_all_days)
    known = PARAMETERS | {"item_key": "an item", "playlist_key": "a playlist"}
    script.add(query.sql, [known[parameter] for parameter in query.parameters])
    kinds = {one.name: one.type_.lower() for one in script.parameters}

    with pytest.raises(NotGoogleSql) if name in NOT_ON_BIGQUERY else nullcontext():
        check(script.text, kinds, PROJECT, asked_of[1])


def test_a_null_is_written_out_and_the_other_parameters_keep_their_places() -> None:
    script = Script()
    script.add("delete from staging.a where x = ? and y = '?'", ["it's"])
    script.add('insert into staging.a ("x", rows) values (?, ?), (?, ?)', [None, 1, "b", None])
    assert script.text.split(";\n") == [
        "begin transaction",
        "DELETE FROM staging.a WHERE x = @p0 AND y = '?'",
        "INSERT INTO staging.a (`x`, `rows`) VALUES (NULL, @p1), (@p2, NULL)",
        "commit transaction",
    ]
    assert [(one.name, one.type_, one.value) for one in script.parameters] == [
        ("p0", "STRING", "it's"),
        ("p1", "INT64", 1),
        ("p2", "STRING", "b"),
    ]


def test_marts_with_partitions_are_those_of_the_project() -> None:
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text())
    marts = project["models"]["spotify_elt"]["marts"]
    by = {name: config["+partition_by"] for name, config in marts.items() if name in PARTITIONED}
    others = {name: config for name, config in marts.items() if name not in PARTITIONED}
    assert all(f"'field': '{day}'" in by[mart] for mart, day in PARTITIONED.items())
    assert "partition_by" not in str(others)


def test_all_days_are_named_of_marts_with_partitions_and_of_no_other_table() -> None:
    script = Script(names_all_days=True)
    script.add("select p.x from several_marts.fct_plays as p, marts.dim_artists, staging.fct_plays")
    assert script.text == (
        "SELECT p.x FROM (SELECT * FROM several_marts.fct_plays"
        " WHERE listening_date >= CAST('0001-01-01' AS DATE)) AS p,"
        " marts.dim_artists, staging.fct_plays"
    )
    asked = "select count(*) from `listening`.`several_marts`.`fct_sessions`"
    assert "WHERE listening_date >= " in with_all_days(asked)


def test_tables_are_made_without_a_transaction() -> None:
    script = Script()
    script.add("drop table findings.a")
    script.statements.append("create table findings.b as select 1 as x")
    assert "transaction" not in script.text


@pytest.mark.parametrize(
    "sql", ["insert into marts.a (x) values ('1')", "delete from marts.a", "select y from marts.a"]
)
def test_what_bigquery_refuses_is_refused(sql: str) -> None:
    with pytest.raises(NotGoogleSql):
        check(sql, {}, PROJECT, {("marts", "a"): {"x": "int64"}})
