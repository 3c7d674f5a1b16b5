"""dbt, in this process: build the models, run their data tests, say in one line what failed.

Raw tables → `dbt build` → staging, intermediate, marts. By hand it is the same `dbt build`, with
DBT_PROJECT_DIR and DBT_PROFILES_DIR set; see the README.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ingestion.errors import BuildError
from ingestion.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with the nodes done, the nodes in all, and the name of one that is running."""

#: Tests of the project's own logic run in `make test`, not on every user's every build.
_TESTS_OF_LOGIC: Final = ("--exclude-resource-types", "unit_test", "--exclude", "tag:macro")

#: What dbt and DuckDB say of an incremental model whose table an older version built.
_SIGNS_OF_OTHER_COLUMNS: Final = ("on_schema_change", "schema change", '"input_key" not found')

_FAILED: Final = frozenset({"error", "fail", "runtime error", "partial success"})


@dataclass(frozen=True)
class BuildReport:
    """What one `dbt build` did: models and seeds built, data tests passed."""

    models: int
    tests: int


def build_models(
    settings: Settings, on_progress: Progress | None = None, *, full_refresh: bool = False
) -> BuildReport:
    """Build and test every model on the warehouse that the settings name.

    Args:
        settings: of this run.
        on_progress: called as nodes start and finish.
        full_refresh: compute every month anew, not just those whose files or rules changed.

    Raises:
        BuildError: a model failed or a data test found rows.
    """
    # here, because dbt is slow to import
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    os.environ["WAREHOUSE"] = settings.warehouse
    os.environ["DUCKDB_PATH"] = str(settings.duckdb_path.absolute())
    arguments = [
        "--quiet",
        *("--log-level-file", "info"),
        *("build", *_TESTS_OF_LOGIC),
        *("--project-dir", os.environ.get("DBT_PROJECT_DIR") or str(PROJECT_ROOT / "dbt_project")),
        *("--profiles-dir", os.environ.get("DBT_PROFILES_DIR") or str(PROJECT_ROOT / "profiles")),
    ]
    if full_refresh:
        arguments.append("--full-refresh")
    callbacks = [_progress_callback(on_progress)] if on_progress else []
    try:
        outcome = dbtRunner(callbacks=callbacks).invoke(arguments)
    finally:
        DuckDBConnectionManager.close_all_connections()  # else the file stays open in this process
    results = list(getattr(outcome.result, "results", None) or [])
    failures = [result for result in results if str(result.status) in _FAILED]
    if failures or not outcome.success:
        raise BuildError(_in_one_line(failures, outcome.exception)) from outcome.exception
    tests = sum(result.node.resource_type == "test" for result in results)
    return BuildReport(models=len(results) - tests, tests=tests)


def _progress_callback(on_progress: Progress) -> Callable[[EventMsg], None]:
    done = 0

    def on_event(event: EventMsg) -> None:
        nonlocal done
        if event.info.name == "LogStartLine":
            on_progress(done, event.data.total, event.data.description)
        elif event.info.name == "NodeFinished":
            done += 1

    return on_event


def _in_one_line(failures: list[Any], exception: BaseException | None) -> str:
    if not failures:
        lines = str(exception or "dbt stopped without a reason").split("\n")
        return "dbt: " + " ".join(line.strip() for line in lines if line.strip())
    first = failures[0]
    message = " ".join(str(first.message or first.status).split())
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    if first.node.resource_type == "test":
        return f"the data test {first.node.name} failed: {message}{more}"
    if any(sign in message for sign in _SIGNS_OF_OTHER_COLUMNS):
        message = "its columns changed since the last build; run `spotify-elt build --full-refresh`"
    return f"the model {first.node.name} failed: {message}{more}"
