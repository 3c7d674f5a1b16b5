"""dlt's way into a warehouse, and what dlt remembers there."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ingestion.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from dlt.common.destination import Destination, DestinationCapabilitiesContext
    from dlt.common.normalizers.naming import NamingConvention
    from dlt.common.schema import Schema
    from dlt.extract import DltSource


class Loader:
    """Loads dlt sources into one schema. Get one from `Warehouse.loader`.

    dlt's working folder is made anew, and its schema and state are read back from the database, so
    a database that was deleted, restored or copied is always right, and a killed run leaves
    nothing pending.

    Args:
        destination: dlt's, of the open warehouse.
        folder: dlt's working folder.
        schema: of the tables, as the database knows it.
        pipeline: the name under which dlt keeps state.
    """

    def __init__(
        self, destination: Destination[Any, Any], folder: Path, schema: str, pipeline: str
    ) -> None:
        os.environ["DLT_PROJECT_DIR"] = str(PROJECT_ROOT / "profiles")
        import dlt  # here, because it is slow to import, and readers need not wait

        shutil.rmtree(folder, ignore_errors=True)
        _know_capabilities(destination)
        self._pipeline = dlt.pipeline(
            pipeline, pipelines_dir=str(folder), destination=destination, dataset_name=schema
        )

    def __call__(self, source: DltSource) -> None:
        """Load a source as one package, as Parquet; dlt's own way, SQL `insert`, is slow."""
        with _failures_told_once():
            self._pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()

    def create_tables(self, schema: Schema) -> None:
        """Create every table and column that a schema declares, and those that dlt writes state to.

        Without a package of no rows: dlt takes longer for its steps than for the tables.
        """
        from dlt.common.schema.utils import pipeline_state_table

        schema.update_table(pipeline_state_table(add_dlt_id=True))
        with _failures_told_once():
            self._pipeline.schemas.save_schema(schema)
            self._pipeline.sync_schema(schema.name)


def _know_capabilities(destination: Destination[Any, Any]) -> None:
    """Let it resolve its configuration once to say what it can do: each step of a load asks."""
    resolve = destination.capabilities
    known: dict[bool, DestinationCapabilitiesContext] = {}

    def capabilities(
        config: Any = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        if config is not None:
            return resolve(config, naming)
        is_case_sensitive = naming is not None and naming.is_case_sensitive
        if is_case_sensitive not in known:
            known[is_case_sensitive] = resolve(None, naming)
        return known[is_case_sensitive].copy()  # dlt changes what it is given

    destination.capabilities = capabilities  # type: ignore[method-assign]


@contextmanager
def _failures_told_once() -> Iterator[None]:
    """A failure ends the run in one line (--debug shows more); dlt would log each retry of it."""
    logger = logging.getLogger("dlt")
    logger.addFilter(_is_no_failure)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_failure)


def _is_no_failure(record: logging.LogRecord) -> bool:
    is_of_a_load_job = record.module == "load" and record.levelno >= logging.WARNING
    return record.levelno < logging.ERROR and not record.exc_info and not is_of_a_load_job


def latest_state(schema: str, pipeline: str) -> tuple[str, list[object]]:
    """SQL that finds the state dlt stored last, and its parameters; see `read_state`.

    A state counts when its package was loaded to the end.
    """
    return (
        f"select states.state from {schema}._dlt_pipeline_state as states"
        f" inner join {schema}._dlt_loads as loads on states._dlt_load_id = loads.load_id"
        " where states.pipeline_name = ? and loads.status = 0"
        " order by loads.load_id desc limit 1",
        [pipeline],
    )


def read_state(states: list[tuple[Any, ...]], schema: str) -> dict[str, Any]:
    """What dlt keeps for the source of the schema's name; empty without a state.

    Read here, because to start dlt takes longer than all else in a run that finds nothing new. It
    is dlt's own encoding (1.31): JSON, deflated, in base 64.
    """
    if not states:
        return {}
    state = msgspec.json.decode(zlib.decompress(base64.b64decode(states[0][0])))
    kept: dict[str, Any] = state.get("sources", {}).get(schema, {})
    return kept


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it; dlt keeps that of a load job in a place of its own.

    Each is told once: dlt raises some from each other, in a circle.
    """
    told: set[int] = set()
    while error is not None and id(error) not in told:
        told.add(id(error))
        yield error
        why_a_load_job_failed: BaseException | None = getattr(error, "client_exception", None)
        error = why_a_load_job_failed or error.__cause__ or error.__context__
