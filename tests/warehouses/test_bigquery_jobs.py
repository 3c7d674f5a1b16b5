"""What BigQuery says of its jobs: asked in valid SQL, and told by model."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

pytest.importorskip("google.cloud.bigquery", reason="`make test-warehouses` installs it")
pytest.importorskip("zetasql", reason="`make test-warehouses` installs it")

from zetasql import types
from zetasql.api import TableBuilder

from ingestion.warehouse.bigquery_jobs import billed_by, jobs_since, purpose_of
from ingestion.warehouse.protocol import Billed
from tests.warehouses.googlesql import NotGoogleSql, check_in

PROJECT = "listening"


def _labels() -> types.Type:
    text = types.Type(type_kind=types.TypeKind.TYPE_STRING)
    fields = [types.StructField(field_name=name, field_type=text) for name in ("key", "value")]
    label = types.Type(
        type_kind=types.TypeKind.TYPE_STRUCT, struct_type=types.StructType(field=fields)
    )
    return types.Type(
        type_kind=types.TypeKind.TYPE_ARRAY, array_type=types.ArrayType(element_type=label)
    )


def _region(name: str) -> types.SimpleCatalog:
    """The view as https://cloud.google.com/bigquery/docs/information-schema-jobs has it."""
    jobs = TableBuilder("JOBS_BY_PROJECT")
    for column, kind in (
        ("creation_time", types.TypeKind.TYPE_TIMESTAMP),
        ("job_type", types.TypeKind.TYPE_STRING),
        ("parent_job_id", types.TypeKind.TYPE_STRING),
        ("total_bytes_billed", types.TypeKind.TYPE_INT64),
    ):
        jobs.add_column(column, kind)
    table = jobs.build()
    table.column.append(types.SimpleColumn(name="labels", type=_labels()))
    schema = types.SimpleCatalog(name="INFORMATION_SCHEMA", table=[table])
    return types.SimpleCatalog(name=name, catalog=[schema])


@pytest.mark.parametrize(
    ("location", "region"), [("EU", "region-eu"), ("europe-north1", "region-europe-north1")]
)
def test_jobs_are_asked_for_in_the_datasets_own_region(location: str, region: str) -> None:
    sql, parameters = jobs_since(date(2026, 11, 1), PROJECT, location)
    kinds = {one.name: one.type_.lower() for one in parameters}
    check_in(sql, kinds, PROJECT, [_region(region)])
    with pytest.raises(NotGoogleSql, match="not found"):
        check_in(sql, kinds, PROJECT, [_region("region-elsewhere")])
    with pytest.raises(NotGoogleSql):
        check_in(sql, {"p0": "int64"}, PROJECT, [_region(region)])


def test_days_begin_in_utc() -> None:
    _, [start] = jobs_since(date(2026, 11, 1), PROJECT, "EU")
    assert start.value == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("app", "profile", "node", "purpose"),
    [
        ("dbt", "spotify_elt", "model_spotify_elt_fct_plays", "fct_plays"),
        ("dbt", "spotify_elt", "model_spotify_elt_stg_spotify_elt_x", "stg_spotify_elt_x"),
        ("dbt", "spotify_elt", "seed_spotify_elt_artist_names", "artist_names"),
        ("dbt", "spotify_elt", "test_spotify_elt_integrity_fct_plays", "data tests"),
        ("dbt", "spotify_elt", "operation_spotify_elt_spotify_elt-on-run-start-0", "dbt itself"),
        ("dbt", "spotify_elt", None, "dbt itself"),
        ("dbt", "somebody", "model_somebody_fct_plays", "others"),
        ("spotify-elt", None, None, "spotify-elt"),
        ("looker", None, None, "others"),
        (None, None, None, "others"),
    ],
)
def test_a_job_is_of_the_model_that_its_labels_name(
    app: str | None, profile: str | None, node: str | None, purpose: str
) -> None:
    assert purpose_of(app, profile, node) == purpose


def test_jobs_of_one_purpose_are_one() -> None:
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    assert billed_by(
        [
            (second, "dbt", "spotify_elt", None, 1, 5),
            (first, None, None, None, 2, 10),
            (first, "looker", None, None, 1, 30),
            (first, "dbt", "spotify_elt", "model_spotify_elt_fct_plays", 3, 50),
        ]
    ) == [
        Billed(first, "fct_plays", 3, 50),
        Billed(first, "others", 3, 40),
        Billed(second, "dbt itself", 1, 5),
    ]
    assert billed_by([]) == []
