"""The house's rules for the dbt project, read from dbt's own manifest: checked, or they rot."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner

from ingestion.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
LONGEST_LINE = 120

LAYER_PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("fct_", "dim_", "bridge_", "agg_", "mon_"),
}
MAY_READ = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"intermediate", "marts", "seed"},
}
#: What may be read past the layer below, and why.
READ_ALL_THE_SAME = {
    ("dim_listeners", "stg_spotify_export__listeners"): "a listener without plays is one too",
    ("mon_imports", "stg_spotify_export__import_files"): "monitoring looks at what was loaded",
    ("mon_reconciliation", "stg_spotify_export__import_files"): "monitoring",
    ("mon_reconciliation", "stg_spotify_export__streaming_history"): "monitoring",
    ("mon_reconciliation", "stg_spotify_export__account_streaming_history"): "monitoring",
    ("mon_collection_runs", "stg_spotify_api__collection_runs"): "monitoring",
    ("mon_collection_runs", "stg_spotify_api__collection_runs__resources"): "monitoring",
    ("mon_collection_gaps", "stg_spotify_api__collection_gaps"): "monitoring",
    ("mon_enrichment_coverage", "stg_spotify_api__catalogue_misses"): "monitoring",
    ("mon_enrichment_coverage", "stg_spotify_api__track_audio_features"): "monitoring",
    ("mon_warehouse_costs", "stg_operations__warehouse_costs"): "monitoring",
}
#: The type that a column's name promises, as regular expressions over the name.
PROMISED_TYPES = {
    r"_at(_local)?$": "timestamp",
    r"_date$|^date_day$|^ended_month$": "date",
    r"_(key|id|name|sha256|kind|type|rule|reason)$": "varchar",
    r"_(ms|seconds|count|rank|row|number)$|^ms_": "bigint",
    # audio features bear the names that Spotify gives them
    r"_(hours|share)$|^(danceability|energy|tempo|valence)$|^[a-z]+ness$": "double precision",
    r"^(is|has|in)_": "boolean",
}
#: Types that only columns with one of these names may have.
NAMED_TYPES = ("timestamp", "date", "double precision", "boolean")

#: Macros that give no value to compare: they name schemas, types, months, periods, rules, build, or
#: say what a planner is told, how much memory there is, and what must be asked with a filter.
UNTESTED_MACROS = {
    "generate_schema_name",
    "query_comment",
    "counting_rules",
    "current_periods",
    "stale_periods",
    "stale_months",
    "within_months",
    "get_incremental_replace_periods_sql",
    "bq_generate_incremental_build_sql",
    "dbt_bigquery_validate_get_incremental_strategy",
    "plan_for_whole_tables",
    "gather_statistics",
    "gather_statistics_of_sources",
    "limit_memory",
    "require_partition_filter",
    "contract_columns",
    "with_named_types",
    "replace_in_place",
    "materialization_table_duckdb",
    "materialization_view_duckdb",
}


@dataclass(frozen=True)
class Model:
    """One model as dbt understood it.

    Attributes:
        layer: the folder below `models`.
        columns: each column's description and data type ('' where none is given).
        reads: (layer, name) of all it refers to; `source` and `seed` count as layers.
        promises: what the data test `integrity` holds it to, by argument; {} without one.
    """

    name: str
    layer: str
    path: Path
    yaml_path: Path | None
    description: str
    columns: dict[str, tuple[str, str]]
    is_contracted: bool
    reads: frozenset[tuple[str, str]]
    promises: dict[str, Any]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest that dbt writes when it parses the project; no warehouse is needed."""
    target = tmp_path_factory.mktemp("parse")
    arguments = ["--quiet", "parse", "--target-path", str(target), "--log-path", str(target)]
    arguments += [
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(PROJECT_ROOT / "profiles"),
    ]
    with pytest.MonkeyPatch.context() as environment:
        environment.setitem(os.environ, "DUCKDB_PATH", ":memory:")
        outcome = dbtRunner().invoke(arguments)
    assert outcome.success, outcome.exception
    parsed: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return parsed


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> list[Model]:
    nodes = manifest["nodes"]
    models = [
        _model(node, nodes, manifest["sources"])
        for node in nodes.values()
        if node["resource_type"] == "model"
    ]
    assert len(models) == len(list((DBT_PROJECT / "models").rglob("*.sql")))
    return models


def _model(node: dict[str, Any], nodes: dict[str, Any], sources: dict[str, Any]) -> Model:
    reads = set()
    for unique_id in node["depends_on"]["nodes"]:
        other = nodes.get(unique_id) or sources[unique_id]
        kind = other["resource_type"]
        reads.add((other["fqn"][1] if kind == "model" else kind, other["name"]))
    tests = {
        test["name"]: test["test_metadata"]
        for test in nodes.values()
        if test.get("attached_node") == node["unique_id"]
    }
    name = f"integrity_{node['name']}"
    assert tests.keys() <= {name}, f"{node['name']}: every promise stands in its data test {name}"
    promises = [test["kwargs"] for test in tests.values() if test["name"] == "integrity"]
    return Model(
        name=node["name"],
        layer=node["fqn"][1],
        path=DBT_PROJECT / node["original_file_path"],
        yaml_path=DBT_PROJECT / node["patch_path"].split("://")[1] if node["patch_path"] else None,
        description=node["description"],
        columns={
            name: (column["description"], column["data_type"] or "")
            for name, column in node["columns"].items()
        },
        is_contracted=node["config"]["contract"]["enforced"],
        reads=frozenset(reads),
        promises=promises[0] if promises else {},
    )


def _marts(models: Iterable[Model]) -> list[Model]:
    return [model for model in models if model.layer == "marts"]


def test_every_model_says_what_one_row_is(models: list[Model]) -> None:
    silent = [model.name for model in models if not model.description.startswith("One row per ")]
    assert silent == []


def test_every_column_is_described(models: list[Model]) -> None:
    bare = [
        f"{model.name}.{column}"
        for model in models
        for column, (description, _) in model.columns.items()
        if not description.strip()
    ]
    assert bare == []
    assert [model.name for model in models if not model.columns] == []


def test_what_is_said_of_many_columns_is_written_once(manifest: dict[str, Any]) -> None:
    """In `models/columns.md`, unless it is a few words."""
    said = Counter(
        " ".join(column["description"].split())
        for path in (DBT_PROJECT / "models").rglob("*.yml")
        for model in yaml.safe_load(path.read_text()).get("models", [])
        for column in model["columns"]
        if "{{ doc(" not in column["description"]
    )
    assert [words for words, times in said.items() if len(words) > 60 and times > 3] == []
    blocks = [b for b in manifest["docs"].values() if b["package_name"] == "spotify_elt"]
    assert {block["name"] for block in blocks} - {"__overview__"} == set(
        re.findall(r"doc\('(\w+)'\)", _all_yaml())
    )


def _all_yaml() -> str:
    return "".join(path.read_text() for path in (DBT_PROJECT / "models").rglob("*.yml"))


def test_every_model_has_a_yaml_file_of_its_own_beside_it(models: list[Model]) -> None:
    astray = [model.name for model in models if model.yaml_path != model.path.with_suffix(".yml")]
    assert astray == []


def test_sources_and_seeds_are_described(manifest: dict[str, Any]) -> None:
    tables = [*manifest["sources"].values()]
    tables += [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    bare = [t["name"] for t in tables if not t["description"].startswith("One row per ")]
    assert bare == []


def test_the_layer_shows_in_the_name(models: list[Model]) -> None:
    misnamed = [
        model.name for model in models if not model.name.startswith(LAYER_PREFIXES[model.layer])
    ]
    assert misnamed == []


def test_staging_models_are_named_after_their_source(models: list[Model]) -> None:
    misnamed = [
        model.name for model in models if model.layer == "staging" and not _is_of_one_table(model)
    ]
    assert misnamed == []


def _is_of_one_table(model: Model) -> bool:
    """Whether it is named after the raw table it reads; the table's own children it may join."""
    table, *others = sorted(name for _, name in model.reads)
    is_named_after_it = model.name == f"stg_{model.path.parent.name}__{table}"
    return is_named_after_it and all(other.startswith(f"{table}__") for other in others)


def test_models_read_only_the_layer_below(models: list[Model]) -> None:
    upstream = {
        (model.name, name)
        for model in models
        for layer, name in model.reads
        if layer not in MAY_READ[model.layer]
    }
    assert upstream == set(READ_ALL_THE_SAME)


def test_what_reads_plays_has_no_cross_join(models: list[Model]) -> None:
    """Postgres compares each play with each month then: see plan_for_whole_tables."""
    crossing = {
        model.name
        for model in models
        if ("marts", "fct_plays") in model.reads
        if re.search(r"cross join|generate_series|date_spine", model.path.read_text())
    }
    assert crossing == {"dim_dates"}, "which asks plays for their first and last day alone"


def test_every_mart_has_an_enforced_contract(models: list[Model]) -> None:
    loose = [model.name for model in _marts(models) if not model.is_contracted]
    assert loose == []


def test_every_mart_holds_its_grain_unique(models: list[Model]) -> None:
    loose = [model.name for model in _marts(models) if not model.promises.get("keys")]
    assert loose == []


def test_what_reads_the_marts_is_an_exposure(manifest: dict[str, Any], models: list[Model]) -> None:
    exposed = {
        exposure["name"]: {
            unique_id.split(".")[-1] for unique_id in exposure["depends_on"]["nodes"]
        }
        for exposure in manifest["exposures"].values()
    }
    summary = (PROJECT_ROOT / "ingestion" / "summary.py").read_text()
    questions = (PROJECT_ROOT / "dashboard" / "queries").glob("*.sql")
    dashboard = "".join(question.read_text() for question in questions)

    assert exposed["parquet"] == {model.name for model in _marts(models)}
    assert exposed["summary"] == set(re.findall(r"marts\.([a-z]+_\w+)", summary))
    assert exposed["dashboard"] == set(re.findall(r"marts\.([a-z]+_\w+)", dashboard))


def test_a_columns_name_tells_its_type(models: list[Model]) -> None:
    broken = [
        f"{model.name}.{column} is {data_type}, not {promised}"
        for model in _marts(models)
        for column, (_, data_type) in model.columns.items()
        for pattern, promised in PROMISED_TYPES.items()
        if re.search(pattern, column) and data_type != promised
    ]
    assert broken == []


def test_a_columns_type_shows_in_its_name(models: list[Model]) -> None:
    hidden = [
        f"{model.name}.{column} is {data_type}"
        for model in _marts(models)
        for column, (_, data_type) in model.columns.items()
        if data_type in NAMED_TYPES
        and not any(
            re.search(pattern, column)
            for pattern, promised in PROMISED_TYPES.items()
            if promised == data_type
        )
    ]
    assert hidden == []


def test_one_column_has_one_type_everywhere(models: list[Model]) -> None:
    types: dict[str, set[str]] = {}
    for model in _marts(models):
        for column, (_, data_type) in model.columns.items():
            types.setdefault(column, set()).add(data_type)
    assert {column: kinds for column, kinds in types.items() if len(kinds) > 1} == {}


def test_what_an_increment_computes_by_it_also_deletes_by(manifest: dict[str, Any]) -> None:
    incremental = [
        node
        for node in manifest["nodes"].values()
        if node["config"].get("materialized") == "incremental"
    ]
    assert incremental
    unlike = {
        node["name"]: (deletes, computes)
        for node in incremental
        if (deletes := sorted(node["config"]["meta"].get("periods", [])))
        != (computes := sorted(re.findall(r"stale_periods\('(\w+)'\)", node["raw_code"])))
    }
    assert unlike == {}
    assert {node["config"]["incremental_strategy"] for node in incremental} == {"replace_periods"}


def test_an_increment_names_the_days_of_the_plays_that_it_asks_for(
    manifest: dict[str, Any],
) -> None:
    asking = {
        node["name"]: node["raw_code"]
        for node in manifest["nodes"].values()
        if node["config"].get("materialized") == "incremental"
        and "model.spotify_elt.fct_plays" in node["depends_on"]["nodes"]
    }
    assert asking
    assert [name for name, sql in asking.items() if "within_months(" not in sql] == []


def _macro_files() -> list[Path]:
    files = sorted((DBT_PROJECT / "macros").rglob("*.sql"))
    assert files
    return files


@pytest.mark.parametrize("path", _macro_files(), ids=lambda path: path.stem)
def test_a_macro_has_a_file_of_its_own_that_begins_with_why(path: Path) -> None:
    text = path.read_text()
    names = re.findall(r"{%-?\s*(?:macro|test)\s+(\w+)\(", text)
    names += map("_".join, re.findall(r"{% (materialization) (\w+), adapter='(\w+)'", text))
    main = path.stem.removeprefix("test_")

    assert text.startswith("{#-"), "no comment at its head"
    assert names[0] == main
    assert [name for name in names if not name.endswith((main, f"__{main}"))] == []


def test_every_macro_that_gives_a_value_is_tested_as_data(manifest: dict[str, Any]) -> None:
    ours = {
        macro["name"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "spotify_elt"
        and macro["original_file_path"].startswith("macros/")
        and "__" not in macro["name"]
    }
    called = {
        unique_id.rsplit(".", 1)[1]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and "macro" in node["tags"]
        for macro_id in node["depends_on"]["macros"]
        for unique_id in (macro_id, *manifest["macros"][macro_id]["depends_on"]["macros"])
    }
    assert ours - called == UNTESTED_MACROS


def test_no_line_of_sql_is_too_long() -> None:
    files = [*(DBT_PROJECT / "models").rglob("*.sql"), *(DBT_PROJECT / "tests").rglob("*.sql")]
    long = [
        f"{path.name}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > LONGEST_LINE
    ]
    assert long == []
