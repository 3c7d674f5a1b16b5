"""dbt, in this process: build the models, run their data tests, say in one line what failed.

Raw tables → `dbt build` → staging, intermediate, marts. By hand it is the same `dbt build`, with
DBT_PROJECT_DIR and DBT_PROFILES_DIR set; see the README.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ingestion.build_inputs import BuildInputs, checksum_of, note_inputs, read_inputs
from ingestion.cost_notes import note_costs
from ingestion.descriptions import Described, describe, keep_descriptions, kept_descriptions
from ingestion.errors import BuildError
from ingestion.findings import Finding, keep_findings, standing_findings
from ingestion.retention import expire_raw
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouse import engine_of, open_warehouse

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with the nodes done, the nodes in all, and the name of one that is running."""

#: What dbt says is read from its result: lines for its events take time, and nobody reads them.
#: Its own DBT_LOG_LEVEL_FILE asks for them all the same.
_QUIETLY: Final = (
    *("--log-level", "none"),
    *("--log-level-file", os.environ.get("DBT_LOG_LEVEL_FILE", "none")),
    "--no-write-json",  # nobody reads it here, and writing it takes its time
)

#: Tests of the project's own logic run in `make test`, not on every user's every build; exposures
#: are words about it.
_NOT_OF_A_BUILD: Final = ("--exclude-resource-types", "unit_test", "exposure")
_LEFT_OUT: Final = ("--exclude", "tag:macro")

#: Views and seeds hold nothing that a load could change: they are made anew when the project is
#: another. Each costs a build its own start-up, which adds up where little is new.
_SEEDS: Final = ("config.materialized:seed", "config.materialized:seed+1,resource_type:test")
_STANDS_ALREADY: Final = (
    *("config.materialized:view", *_SEEDS),
    *("--indirect-selection", "empty"),  # the tests of views stay: rows are new
)

#: Where views go with the tables that they read: those of raw tables stay, which no build drops.
_STANDS_ON_RAW_TABLES: Final = (
    *("staging,config.materialized:view", *_SEEDS),
    *("--indirect-selection", "empty"),
)

#: What dbt and DuckDB say of an incremental model whose table an older version built.
_SIGNS_OF_OTHER_COLUMNS: Final = ("on_schema_change", "schema change", '"input_key" not found')

_FAILED: Final = frozenset({"error", "fail", "runtime error", "partial success"})

#: Beside dbt's parse: the folder of the project that was parsed.
_PARSED_IN: Final = "parsed_in.txt"


@dataclass(frozen=True)
class BuildReport:
    """What one `dbt build` did.

    Attributes:
        models: models and seeds built.
        tests: data tests that passed.
        oddities: what tests found that is merely odd, now or when they were last run.
        is_whole: whether nothing was left out that stands as it was built.
        is_anew: whether every month was computed anew.
    """

    models: int
    tests: int
    oddities: tuple[Finding, ...]
    is_whole: bool
    is_anew: bool


@dataclass(frozen=True)
class Compiled:
    """A query of a build.

    Attributes:
        name: of the model, or of the data test.
        is_test: which of the two it is of.
        query: what the model holds, or the test finds; in the warehouse's own words.
    """

    name: str
    is_test: bool
    query: str


def build_models(
    settings: Settings,
    on_progress: Progress | None = None,
    *,
    full_refresh: bool = False,
    only_new: bool = False,
) -> BuildReport:
    """Build and test the models on the warehouse that the settings name.

    A table that another version of the project built may lack a column: then every month is
    computed anew, once.

    Args:
        settings: of this run.
        on_progress: called as nodes start and finish.
        full_refresh: compute every month anew, not just those whose files or rules changed.
        only_new: leave out what does not descend from a raw table that has changed since the last
            build that ended well.

    Raises:
        BuildError: a model failed or a data test found rows.
    """
    variables = _variables(settings)
    project = Path(variables["DBT_PROJECT_DIR"])
    with open_warehouse(settings) as warehouse:
        inputs = read_inputs(warehouse, project)
        is_whole = full_refresh or not only_new or not inputs.stands
        if not is_whole and not inputs.changed:
            return BuildReport(0, 0, tuple(standing_findings(warehouse)), is_whole, is_anew=False)
        now = datetime.now(UTC)
        if note_costs(settings, warehouse, now):  # once a day
            expire_raw(settings, warehouse, now)
            inputs = read_inputs(warehouse, project)
    arguments = [
        *_QUIETLY,
        *("build", *_NOT_OF_A_BUILD),
        *(["--full-refresh", *_LEFT_OUT] if full_refresh else _left_out(settings, inputs)),
        *([] if is_whole else _selected(inputs)),
    ]
    outcome = _invoke(settings, variables, arguments, on_progress)
    results = list(getattr(outcome.result, "results", None) or [])
    tests = [result for result in results if result.node.resource_type == "test"]
    failures = [result for result in results if str(result.status) in _FAILED]
    has_ended_well = outcome.success and not failures
    with open_warehouse(settings) as warehouse:
        findings = keep_findings(settings, warehouse, tests, are_all=is_whole)
        if has_ended_well:
            note_inputs(warehouse, inputs)
    if not full_refresh and any(map(_has_other_columns, failures)):
        return build_models(settings, on_progress, full_refresh=True)
    if not has_ended_well:
        raise BuildError(_in_one_line(failures, findings, outcome.exception)) from outcome.exception
    if not inputs.is_same_project:  # else views were left out, and it is known
        keep_descriptions(inputs.now["project"], describe(result.node for result in results))
    passed = sum(str(result.status) == "pass" for result in tests)
    models = sum(result.node.resource_type in ("model", "seed") for result in results)
    return BuildReport(models, passed, tuple(findings), is_whole, full_refresh)


def compile_build(settings: Settings) -> list[Compiled]:
    """The queries that the build of a run would make; builds nothing.

    Views and seeds are left out, which cost no query.

    Raises:
        BuildError: dbt cannot compile the models.
    """
    variables = _variables(settings)
    with open_warehouse(settings) as warehouse:
        inputs = read_inputs(warehouse, Path(variables["DBT_PROJECT_DIR"]))
    if inputs.stands and not inputs.changed:
        return []
    selected = _selected(inputs) if inputs.stands else ()
    arguments = [*_QUIETLY, "compile", *_left_out(settings, inputs), *selected]
    outcome = _invoke(settings, variables, arguments, None)
    results = list(getattr(outcome.result, "results", None) or [])
    failures = [result for result in results if str(result.status) in _FAILED]
    if failures or not outcome.success:
        raise BuildError(_in_one_line(failures, [], outcome.exception)) from outcome.exception
    nodes = [result.node for result in results]
    return [
        Compiled(node.name, node.resource_type == "test", node.compiled_code)
        for node in nodes
        if node.resource_type in {"model", "test"} and node.config.materialized != "view"
    ]


def describe_models(settings: Settings) -> dict[str, Described]:
    """What the project says of each model, by name; dbt is asked if no build has kept it.

    Raises:
        BuildError: dbt cannot parse the project.
    """
    project = checksum_of(project_folder())
    kept = kept_descriptions(project)
    if kept is not None:
        return kept
    models = describe(_parsed(settings))
    keep_descriptions(project, models)
    return models


def _parsed(settings: Settings) -> Iterable[Any]:
    """The project's nodes; nothing is asked of the warehouse."""
    outcome = _invoke(settings, _variables(settings), [*_QUIETLY, "parse"], None)
    if not outcome.success:
        raise BuildError(_in_one_line([], [], outcome.exception)) from outcome.exception
    manifest: Any = outcome.result
    return list(manifest.nodes.values())


def _left_out(settings: Settings, inputs: BuildInputs) -> tuple[str, ...]:
    """What no build makes, and what stands already, if the project is that of the last build."""
    if not inputs.is_same_project:
        return _LEFT_OUT
    outlive = engine_of(settings).views_outlive_tables
    return (*_LEFT_OUT, *(_STANDS_ALREADY if outlive else _STANDS_ON_RAW_TABLES))


def _selected(inputs: BuildInputs) -> tuple[str, ...]:
    """Raw tables that have changed, those nested in them, and all that dbt makes of them."""
    return ("--select", *(f"source:{table}*+" for table in inputs.changed))


def _invoke(
    settings: Settings,
    variables: dict[str, str],
    arguments: list[str],
    on_progress: Progress | None,
) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner  # here, because dbt is slow to import

    callbacks = [_progress_callback(on_progress)] if on_progress else []
    _forget_parse_of_elsewhere(Path(variables["DBT_PROJECT_DIR"]))
    with _environment(variables):
        try:
            return dbtRunner(callbacks=callbacks).invoke(arguments)
        finally:
            engine_of(settings).close_dbt()


def run_dbt(settings: Settings, arguments: list[str]) -> bool:
    """Run any dbt command on the warehouse that the settings name; say whether it went well."""
    from dbt.cli.main import dbtRunner  # here, because dbt is slow to import

    variables = _variables(settings)
    has_file = settings.warehouse != "duckdb" or engine_of(settings).exists()
    if arguments[:1] == ["docs"] and not has_file:
        variables["DUCKDB_PATH"] = ":memory:"  # the docs need none, and to open one makes it
    _forget_parse_of_elsewhere(Path(variables["DBT_PROJECT_DIR"]))
    with _environment(variables):
        try:
            return bool(dbtRunner().invoke(arguments).success)
        finally:
            engine_of(settings).close_dbt()


def _forget_parse_of_elsewhere(project: Path) -> None:
    """Let dbt parse a project anew that was moved: it would look for seeds where they were."""
    target = project / os.environ.get("DBT_TARGET_PATH", "target")
    note, here = target / _PARSED_IN, str(project.resolve())
    if note.exists():
        if note.read_text() == here:
            return
        (target / "partial_parse.msgpack").unlink(missing_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    note.write_text(here)


def project_folder() -> Path:
    """Where the dbt project is."""
    return Path(os.environ.get("DBT_PROJECT_DIR") or PROJECT_ROOT / "dbt_project")


def _variables(settings: Settings) -> dict[str, str]:
    """By which `profiles/profiles.yml` and the models find the warehouse."""
    return {
        "DBT_PROJECT_DIR": str(project_folder()),
        "DBT_PROFILES_DIR": os.environ.get("DBT_PROFILES_DIR") or str(PROJECT_ROOT / "profiles"),
        "WAREHOUSE": settings.warehouse,
        "SCHEMA_PREFIX": settings.schema_prefix,
        **engine_of(settings).dbt_variables(),
    }


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set them for as long as dbt runs: it reads them nowhere else."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _progress_callback(on_progress: Progress) -> Callable[[EventMsg], None]:
    done = 0

    def on_event(event: EventMsg) -> None:
        nonlocal done
        if event.info.name == "LogStartLine":
            on_progress(done, event.data.total, event.data.description)
        elif event.info.name == "NodeFinished":
            done += 1

    return on_event


def _has_other_columns(failure: Any) -> bool:
    """Whether an incremental model failed because its table is not what the model gives."""
    return any(sign in str(failure.message) for sign in _SIGNS_OF_OTHER_COLUMNS)


def _in_one_line(
    failures: list[Any], findings: list[Finding], exception: BaseException | None
) -> str:
    if not failures:
        lines = str(exception or "dbt stopped without a reason").split("\n")
        return "dbt: " + " ".join(line.strip() for line in lines if line.strip())
    first = failures[0]
    message = " ".join(str(first.message or first.status).split())
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    if first.node.resource_type == "test":
        for finding in findings:
            if finding.test == first.node.name:
                found = finding.example or f"{finding.row_count:,} rows"
                message = f"found {found}; its rows are in {finding.table}"
        return f"the data test {first.node.name} failed: {message}{more}"
    return f"the model {first.node.name} failed: {message}{more}"
