"""What every test shares: nothing of the user's own, and a dbt project that is parsed already."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from hypothesis import settings

from ingestion.__main__ import look_for_garbage_rarely
from ingestion.locks import locked
from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import PROJECT_ROOT, load_settings
from ingestion.transform import run_dbt
from ingestion.warehouse.loader import Loader

# as commands do
look_for_garbage_rarely()

# how long an example takes says something of the machine, and nothing of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: Files whose tests take half a minute of processor time and more, the longest first.
_LONGEST_FIRST = (
    "test_bigquery.py",
    "test_snowflake.py",
    "test_lake.py",
    "test_only_new.py",
    "test_all_sources.py",
    "test_polled.py",
    "test_builds.py",
    "test_collecting.py",
    "test_any_order.py",
    "test_parity.py",
    "test_browser.py",
    "test_owner_decides.py",
    "test_dbt_build.py",
    "test_a_simulated_year.py",
    "test_lists_over_time.py",
    "test_killed.py",
    "test_raw_retention.py",
    "test_catalogue.py",
    "test_stateless.py",
    "test_athena.py",
    "test_snowpipe.py",
    "test_pages.py",
    "test_incomplete_history.py",
    "test_truth.py",
    "test_postgres.py",
    "test_plays.py",
    "test_analyses.py",
    "test_status.py",
    "test_real_exports.py",
)

#: Tests that run dbt, load answers or start processes again and again, which coverage slows most.
#: What they run of ours, others run as well.
_UNTRACED = (
    "tests/dashboard/test_browser.py",
    "tests/dbt/",
    "tests/marts/",
    "tests/warehouses/test_stateless.py",
    "tests/command_line/test_builds.py",
    "tests/ingestion/test_killed.py",
    "tests/ingestion/test_full_disk.py",
    "tests/spotify_api/test_a_simulated_year.py",
    "tests/spotify_api/test_catalogue.py",
    "tests/spotify_api/test_collecting.py::test_a_run_",
    "tests/spotify_api/test_collecting.py::TestTwoProcesses::test_the_second_waits",
    "tests/spotify_api/test_plays.py",
)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hashes of files are kept in a cache folder of the tests' own, by subprocesses too."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


_MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def own_main() -> None:
    """Tests of pages leave one as `__main__`, which the processes that a test starts would run."""
    sys.modules["__main__"] = _MAIN


@pytest.fixture(scope="session", autouse=True)
def libraries_untraced() -> Iterator[None]:
    """Coverage looks away while dlt loads and dbt runs: it would double the time of their code."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((Loader, "__call__"), (Loader, "create_tables"), (dbtRunner, "invoke")):
            # a function that is decorated enters the context anew with each call
            patch.setattr(owner, name, untraced()(getattr(owner, name)))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Coverage looks away, in the processes that a test starts as well."""
    if not item.nodeid.startswith(_UNTRACED):
        return (yield)
    with untraced(), pytest.MonkeyPatch.context() as environment:
        environment.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        return (yield)


@contextmanager
def untraced() -> Iterator[None]:
    """Coverage looks away from what runs here, and from the threads that start here."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]  # typeshed: what it takes back
    try:
        yield
    finally:
        threading.settrace(of_threads)  # type: ignore[arg-type]
        sys.settrace(tracer)


@contextmanager
def without_data_tests() -> Iterator[None]:
    """Builds run no data test: for those in the middle of a story that ends with a tested one."""
    with pytest.MonkeyPatch.context() as patch:
        left_out = ("--exclude-resource-types", "unit_test", "exposure", "test")
        patch.setattr("ingestion.transform._NOT_OF_A_BUILD", left_out)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker takes a file whole: those that take minutes go first, so that all end together."""
    order = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all workers of this run of the tests."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@contextmanager
def making(folder: Path) -> Iterator[bool]:
    """Whether the folder is still to be filled, for all workers; the others wait."""
    made = folder / "made"
    folder.mkdir(exist_ok=True)
    with locked(folder / "lock"):
        yield not made.exists()
        made.touch()


@pytest.fixture(scope="session")
def parsed_project(shared_folder: Path) -> Path:
    """A copy of the dbt project that nobody edits. dbt takes its parse over in copies of it.

    As long as the warehouse's path is the same text, `home.duckdb`: see ingestion/transform.py.
    """
    folder = shared_folder / "parsed"
    project = folder / "dbt_project"
    with making(folder) as is_to_be_made:
        if is_to_be_made:
            ignore = shutil.ignore_patterns("target", "logs")
            shutil.copytree(PROJECT_ROOT / "dbt_project", project, ignore=ignore)
            with pytest.MonkeyPatch.context() as environment, chdir(folder):
                environment.setenv("DBT_PROJECT_DIR", str(project))
                settings = load_settings(duckdb_path=folder / "home.duckdb")
                assert run_dbt(settings, ["--quiet", "parse"])
            # else a copy would be parsed anew; this folder stays, and with it the seeds
            (project / "target" / "parsed_in.txt").unlink()
    return project


@pytest.fixture(scope="session")
def raw_tables(shared_folder: Path) -> Path:
    """A DuckDB file with all raw tables and no rows: a copy of it is made sooner than they are."""
    folder = shared_folder / "raw_tables"
    path = folder / "home.duckdb"
    with making(folder) as is_to_be_made:
        if is_to_be_made:
            ensure_raw_tables(load_settings(duckdb_path=path))
    return path


@pytest.fixture(scope="session")
def dbt_project_copy(
    parsed_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A copy of the dbt project to edit, and to mend afterwards, where builds find it."""
    project = tmp_path_factory.mktemp("edited") / "dbt_project"
    shutil.copytree(parsed_project, project)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBT_PROJECT_DIR", str(project))
        environment.setenv("DBT_PROFILES_DIR", str(PROJECT_ROOT / "profiles"))
        yield project
