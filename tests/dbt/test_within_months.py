"""The condition that leaves out the months that an increment does not compute, day by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, cast

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from ingestion.settings import PROJECT_ROOT

JANUARY_2019 = 2019 * 12
FOUR_YEARS = [date(2019, 1, 1) + timedelta(days=day) for day in range(4 * 365 + 1)]


def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create table days as select unnest(?::date[]) as day", [FOUR_YEARS])
    connection.execute("alter table days add column moment timestamptz")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("update days set moment = day + interval '23:59:59.999'")
    return connection


@pytest.fixture(scope="module")
def within_months() -> Callable[[str, list[date], int, str], str]:
    """The macro, as an increment calls it."""
    macros = Environment(
        loader=FileSystemLoader(PROJECT_ROOT / "dbt_project" / "macros"),
        extensions=["jinja2.ext.do"],
        autoescape=False,  # noqa: S701  (it is SQL)
    )
    an_increment = {"execute": True, "is_incremental": lambda: True}
    module: Any = macros.get_template("within_months.sql", globals=an_increment).module
    return cast(Callable[[str, list[date], int, str], str], module.within_months)


@pytest.mark.parametrize(("column", "data_type"), [("day", "date"), ("moment", "timestamptz")])
@given(
    # some follow one another, and a year ends between them
    months=st.lists(st.integers(JANUARY_2019 + 6, JANUARY_2019 + 40), max_size=8),
    around=st.integers(0, 2),
)
def test_it_holds_on_the_days_of_the_months_and_of_those_around_them(
    connection: duckdb.DuckDBPyConnection,
    within_months: Callable[[str, list[date], int, str], str],
    column: str,
    data_type: str,
    months: list[int],
    around: int,
) -> None:
    expected = [
        day
        for day in FOUR_YEARS
        if any(abs(day.year * 12 + day.month - 1 - month) <= around for month in months)
    ]
    where = within_months(column, [first_day(month) for month in months], around, data_type)
    found = connection.execute(f"select day from days where {where} order by day").fetchall()
    assert [day for (day,) in found] == expected
