"""The one door to the warehouse: questions are files of `queries/`, answers are Arrow tables.

The warehouse is opened read-only for one question and closed at once, because DuckDB lets nobody
write while anybody reads. While a run writes, what was answered last stays on the screen; a
question that was never asked waits until the run lets go.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

import pyarrow as pa
import sqlglot
import streamlit as st

from ingestion.errors import WarehouseError
from ingestion.settings import Settings, load_settings
from ingestion.warehouse import Row, Warehouse, open_warehouse

QUERIES: Final = Path(__file__).parent / "queries"

#: How long a run may hold the warehouse before the reader is told.
PATIENCE_SECONDS: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.25

#: Answers kept in memory, for all listeners and periods; most are some hundred rows.
_ANSWERS_KEPT: Final = 500

#: A warehouse on a server has no file whose time tells that it changed, and each question costs
#: something there: so one is asked as often as this,
_ASK_FOR_LOADS_SECONDS: Final = 60

#: and all others when it tells of a new load, or after so long, for rules may have changed.
_SERVER_ANSWERS_LAST_SECONDS: Final = 3600

_PARAMETER: Final = re.compile(r"(?<!:):([a-z_]+)")

#: Left out of what is asked: the question that a file opens with ends with what marks a parameter.
_COMMENT: Final = re.compile(r"--.*\n")

_Question: TypeAlias = tuple[object, ...]


class Unavailable(Exception):  # noqa: N818 - a state
    """There is nothing to show; the message is one line that says what to do."""


@dataclass(frozen=True)
class Query:
    """A file of `queries/`.

    Attributes:
        sql: with `?` where the file names a `:parameter`.
        parameters: the names, in the order of the `?`.
        columns: the names of the answer's columns.
    """

    sql: str
    parameters: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass
class _Answers:
    """The latest answer to each question, with the state of the warehouse that it is from."""

    kept: OrderedDict[_Question, tuple[object, pa.Table]] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def get(self, question: _Question) -> tuple[object, pa.Table] | None:
        with self.lock:
            if question in self.kept:
                self.kept.move_to_end(question)
            return self.kept.get(question)

    def put(self, question: _Question, version: object, answer: pa.Table) -> None:
        with self.lock:
            self.kept[question] = (version, answer)
            if len(self.kept) > _ANSWERS_KEPT:
                self.kept.popitem(last=False)


def ask(name: str, **parameters: object) -> pa.Table:
    """The answer to a question of `queries/`, from memory as long as the warehouse is the same.

    Args:
        name: of the file, without `.sql`.
        parameters: what the file calls `:name`.

    Raises:
        Unavailable: no warehouse, no marts, or a run has held it for a minute.
    """
    settings = load_settings()
    return _ask(settings, _version(settings), name, **parameters)


def _ask(settings: Settings, version: object, name: str, **parameters: object) -> pa.Table:
    query = load_query(name)
    values = [parameters[parameter] for parameter in query.parameters]
    question = (settings.warehouse, settings.warehouse_file, name, *values)
    last = _answers().get(question)
    if last and last[0] == version:
        return last[1]
    try:
        rows = _rows(settings, query, values, patience_seconds=0 if last else PATIENCE_SECONDS)
    except Unavailable:
        if last:
            return last[1]
        raise
    answer = _table(query, rows)
    _answers().put(question, version, answer)
    return answer


@cache
def load_query(name: str) -> Query:
    """A file of `queries/`, parsed once."""
    text = _COMMENT.sub("\n", (QUERIES / f"{name}.sql").read_text())
    parameters = tuple(_PARAMETER.findall(text))
    sql = _PARAMETER.sub("?", text)
    parsed = sqlglot.parse_one(sql, dialect="duckdb")
    if not isinstance(parsed, sqlglot.exp.Query):
        raise TypeError(f"{name}.sql is no query")
    return Query(sql, parameters, tuple(parsed.named_selects))


@st.cache_resource(show_spinner=False)
def _answers() -> _Answers:
    return _Answers()


def _version(settings: Settings) -> object:
    """Changes when the warehouse may have."""
    if settings.warehouse_file is None:
        now = time.time()
        load = _ask(settings, int(now // _ASK_FOR_LOADS_SECONDS), "latest_load")
        return load.to_pylist(), int(now // _SERVER_ANSWERS_LAST_SECONDS)
    try:
        return settings.warehouse_file.stat().st_mtime_ns
    except OSError as error:
        raise Unavailable(
            f"There is no warehouse at `{settings.warehouse_file.name}` yet. Run"
            " `make run EXPORT=my_spotify_data.zip`, or `make demo` to see a simulated listener."
        ) from error


def _rows(
    settings: Settings, query: Query, values: list[object], *, patience_seconds: float
) -> list[Row]:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            with open_warehouse(settings, read_only=True) as warehouse:
                return _asked(warehouse, query, values)
        except WarehouseError as error:
            if not _is_held(error):
                raise Unavailable(f"{error}.") from error
            if time.monotonic() >= deadline:
                raise Unavailable(
                    "A run is writing to the warehouse. This page is there as soon as the run is"
                    " over: reload it then."
                ) from error
        time.sleep(_LOOK_AGAIN_SECONDS)


def _asked(warehouse: Warehouse, query: Query, values: list[object]) -> list[Row]:
    try:
        return warehouse.query(query.sql, values)
    except WarehouseError:
        raise
    except Exception as error:
        if "fct_plays" not in warehouse.tables("marts"):
            raise Unavailable("The marts are not built yet: run `make build`.") from error
        raise Unavailable(
            "The marts were built by another version of spotify-elt: run `make build`."
        ) from error


def _is_held(error: WarehouseError) -> bool:
    """Whether another process has the DuckDB file open for writing; it will let go."""
    return "Could not set lock" in str(error.__cause__)


def _table(query: Query, rows: list[Row]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(query.columns)
    return pa.table(
        {
            name: [_number(value) if isinstance(value, Decimal) else value for value in values]
            for name, values in zip(query.columns, columns, strict=True)
        }
    )


def _number(value: Decimal) -> int | float:
    """A sum of Postgres', as DuckDB would give it: what has no decimal places counts something."""
    return float(value) if value.as_tuple().exponent else int(value)
