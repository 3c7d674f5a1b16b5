"""Every model and data test, compiled for BigQuery, is valid SQL there by Google's own analyser.

Each model's columns are what the models after it read, so that types are checked along the whole
graph, and against the contracts at its end.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

pytest.importorskip("zetasql", reason="`make test-warehouses` installs it")

from dbt.cli.main import dbtRunner

from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import PROJECT_ROOT, load_settings
from tests.warehouses.googlesql import (
    Columns,
    NotGoogleSql,
    Place,
    Relations,
    columns_of,
    rows_of,
)

PROJECT = "listening"

#: BigQuery's names of the types that raw tables have in DuckDB.
RAW_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "DOUBLE": "float64",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}

#: ... and those that seeds and contracts have in YAML; a seed's column is text unless it says so.
DECLARED_TYPES = {
    "": "string",
    "text": "string",
    "varchar": "string",
    "bigint": "int64",
    "integer": "int64",
    "double precision": "float64",
    "boolean": "bool",
    "date": "date",
    "timestamp": "datetime",
}

#: dbt asks the warehouse whether a table exists and which months are stale; nobody is there to ask.
INTROSPECTION = """
{%- macro is_incremental() -%}
    {{ return(model.config.materialized == 'incremental' and ANSWER) }}
{%- endmacro -%}
{%- macro stale_months(period_type='utc_month', among=none) -%}
    {{ return([modules.datetime.date(2024, 3, 1)]) }}
{%- endmacro -%}
"""


@pytest.fixture(scope="module")
def raw_tables(tmp_path_factory: pytest.TempPathFactory) -> Relations:
    """Every raw table, as the loader declares it."""
    path = tmp_path_factory.mktemp("raw") / "home.duckdb"
    ensure_raw_tables(load_settings(duckdb_path=path, listener_timezone="Europe/Oslo"))
    relations: Relations = {}
    with duckdb.connect(path) as connection:
        for schema, table, column, data_type in connection.execute(
            "select table_schema, table_name, column_name, data_type"
            " from information_schema.columns order by all"
        ).fetchall():
            relations.setdefault((schema, table), {})[column] = RAW_TYPES[data_type]
    return relations


@dataclass(frozen=True)
class Compiled:
    """What dbt compiled, by the names of its manifest."""

    nodes: dict[str, Any]
    sources: dict[str, Any]

    def in_order(self) -> list[Any]:
        """The nodes, those that others read before them."""
        order: dict[str, Any] = {}

        def add(name: str) -> None:
            if name in self.nodes and name not in order:
                for before in self.nodes[name]["depends_on"].get("nodes", []):
                    add(before)
                order[name] = self.nodes[name]

        for name in self.nodes:
            add(name)
        return list(order.values())

    def read_by(self, node: Any) -> set[Place]:
        """What a node reads; an increment reads itself."""
        everything = self.nodes | self.sources
        read = [everything[name] for name in node["depends_on"].get("nodes", [])]
        return {(one["schema"], one["name"]) for one in [*read, node]}


@pytest.fixture(scope="module", params=["false", "true"], ids=["first build", "increment"])
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """The project as dbt compiles it for BigQuery."""
    project = tmp_path_factory.mktemp("bigquery") / "dbt_project"
    ignore = shutil.ignore_patterns("target", "logs")
    shutil.copytree(PROJECT_ROOT / "dbt_project", project, ignore=ignore)
    macros = INTROSPECTION.replace("ANSWER", request.param)
    (project / "macros" / "stale_months.sql").write_text(macros)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WAREHOUSE", "bigquery")
        environment.setenv("BIGQUERY_PROJECT", PROJECT)
        environment.setenv("BIGQUERY_METHOD", "oauth-secrets")
        environment.setenv("DBT_ENV_SECRET_BIGQUERY_TOKEN", "unused")
        outcome = dbtRunner().invoke(
            [
                *("--quiet", "compile", "--no-introspect", "--no-populate-cache"),
                *("--project-dir", str(project)),
                *("--profiles-dir", str(PROJECT_ROOT / "profiles")),
            ]
        )
    assert outcome.success, outcome.exception
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    return Compiled(manifest["nodes"], manifest["sources"])


def test_every_model_and_data_test_is_valid_and_contracts_are_kept(
    compiled: Compiled, raw_tables: Relations
) -> None:
    relations, wrong, analysed = dict(raw_tables), {}, 0
    for node in compiled.in_order():
        place = node["schema"], node["name"]
        declared = _declared(node)
        if node["resource_type"] == "seed":
            relations[place] = declared
        elif node["resource_type"] in ("model", "test"):
            relations.setdefault(place, declared)
            read = {place: relations[place] for place in compiled.read_by(node)}
            try:
                columns = columns_of(node["compiled_code"], PROJECT, read)
            except NotGoogleSql as error:
                wrong[node["name"]] = str(error)
                continue
            if node["config"].get("contract", {}).get("enforced") and columns != declared:
                wrong[node["name"]] = f"{columns} is not what the contract says"
            relations[place] = columns
            analysed += 1
    assert wrong == {}
    assert analysed > 200


def _declared(node: dict[str, Any]) -> Columns:
    types = node["config"].get("column_types") or {}
    return {
        name: DECLARED_TYPES[types.get(name) or column["data_type"] or ""]
        for name, column in node["columns"].items()
    }


def test_macros_give_what_they_should(compiled: Compiled) -> None:
    """The macros' own data tests, run by the language's reference implementation."""
    tests = {
        node["name"]: node["compiled_code"]
        for node in compiled.nodes.values()
        if "macro" in node["tags"] and not node["depends_on"]["nodes"]
    }
    assert len(tests) > 10
    assert {name: rows for name, sql in tests.items() if (rows := rows_of(sql))} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) filter (where true)",
        "select 1 as rows",
        "select cast(1 as double precision)",
        "select timezone('UTC', current_timestamp())",
        "select '\\s'",
        "select x from `listening`.`marts`.`fct_plays`",
        "select date '2026-01-01' = '2026-01-0' || 'x'",
        "select [1, 2][1]",
    ],
)
def test_what_other_warehouses_take_is_refused(sql: str) -> None:
    with pytest.raises(NotGoogleSql):
        columns_of(sql, PROJECT, {("marts", "fct_plays"): {"play_key": "string"}})
