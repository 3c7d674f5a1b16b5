"""The lake in a folder and in buckets: every mart is DuckDB's, and one writes at a time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytest.importorskip("duckdb_extension_ducklake", reason="`make test-warehouses` installs it")

from ingestion.errors import UserError, WarehouseError
from ingestion.settings import Settings, load_settings
from ingestion.transform import run_dbt
from ingestion.warehouse import engine_of, open_warehouse
from simulator import World
from tests.marts.conftest import Home
from tests.programs import wait_for
from tests.warehouses.conftest import MakeDatabase
from tests.warehouses.parity import (
    Marts,
    Side,
    build_first,
    build_increment,
    check_forgetting,
    differences,
    side_of,
    write_exports,
)
from tests.warehouses.simulated_aws import make_bucket, simulated_aws
from tests.warehouses.simulated_azure import ACCOUNT, Azure, simulated_azure
from tests.warehouses.simulated_google_storage import simulated_google_storage

pytestmark = pytest.mark.usefixtures("moved_abroad")

#: What no log may show; a key of Azure's is in base 64, as this is.
SECRET = uuid.uuid4().hex

PREFIX = "several_"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The settings by which an S3 with the bucket `music` is found."""
    with simulated_aws(tmp_path_factory.mktemp("s3") / "log", SECRET) as settings:
        make_bucket(settings, "music")
        yield settings


@pytest.fixture(scope="module")
def google() -> Iterator[dict[str, Any]]:
    """The settings by which a Cloud Storage with the bucket `music` is found."""
    with simulated_google_storage(SECRET, "music") as settings:
        yield settings


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """An Azure with the container `music`."""
    with simulated_azure(tmp_path_factory.mktemp("azure"), SECRET, "music") as azure:
        yield azure


@pytest.fixture(scope="module")
def exports(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_exports(world, folder)
    return folder


@dataclass
class Built:
    """A side and its marts after the first build."""

    side: Side
    first: Marts


@pytest.fixture(scope="module")
def near(
    world: World, exports: Path, parsed_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """DuckDB, to compare with."""
    folder = tmp_path_factory.mktemp("duckdb")
    with side_of(world, folder, parsed_project, "duckdb") as side:
        yield Built(side, build_first(side, world, exports))


@pytest.fixture(scope="module")
def expected(near: Built, world: World, exports: Path) -> Marts:
    """DuckDB's marts after the increment."""
    return build_increment(near.side, world, exports)


@pytest.fixture(scope="module")
def folder_lake(
    world: World, exports: Path, parsed_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """A lake in a folder."""
    folder = tmp_path_factory.mktemp("folder")
    here = {"lake_path": str(folder / "lake"), "schema_prefix": PREFIX}
    with side_of(world, folder, parsed_project, "lake", **here) as side:
        yield Built(side, build_first(side, world, exports))


@pytest.fixture(scope="module", params=["s3", "az"])
def bucket_lake(
    request: pytest.FixtureRequest,
    world: World,
    exports: Path,
    make_database: MakeDatabase,
    parsed_project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    """A lake in a bucket, or on Azure in a container, its catalogue in a Postgres."""
    folder = tmp_path_factory.mktemp("bucket")
    there = {
        "lake_path": f"{request.param}://music/lake",
        "lake_catalog": make_database().replace(":unused@", f":{SECRET}@"),
    }
    if request.param == "s3":
        there |= request.getfixturevalue("s3")
    else:
        azure = request.getfixturevalue("azure")
        there["azure_storage_connection_string"] = azure.connection_string
    with side_of(world, folder, parsed_project, "lake", **there) as side:
        yield Built(side, build_first(side, world, exports))


def test_every_mart_in_a_folder_is_duckdbs_though_runs_were_killed(
    near: Built, expected: Marts, folder_lake: Built, world: World, exports: Path
) -> None:
    assert differences(folder_lake.first, near.first) == {}

    variables = _variables(folder_lake.side) | {"EXPORT": str(exports / "extended.zip")}
    home = Home(folder_lake.side.folder)
    rows = Path(folder_lake.side.settings.lake_path) / f"{PREFIX}spotify_export/streaming_history"
    loaded_before = len(list(rows.iterdir()))
    loading = home.start("ingest", **variables)
    wait_for(lambda: len(list(rows.iterdir())) > loaded_before, "a file of rows")
    loading.send_signal(signal.SIGKILL)
    assert loading.wait() == -signal.SIGKILL, "it was over before it could be killed"
    home.kill(home.start("run", **variables), after_tables=12)

    held = build_increment(folder_lake.side, world, exports)
    assert differences(held, expected) == {}
    assert differences(held, folder_lake.first).keys() > {"fct_plays", "bridge_play_records"}
    empty = {mart for mart, it in expected.items() if not it.rows}
    assert empty <= {"mon_collection_gaps"}, "what is empty on both sides shows nothing"


def _variables(side: Side) -> dict[str, str]:
    """The environment by which a program finds the lake of a side."""
    return {
        "WAREHOUSE": "lake",
        "DUCKDB_PATH": str(side.settings.duckdb_path),
        "SCHEMA_PREFIX": side.settings.schema_prefix,
        "DBT_TARGET_PATH": str(side.target),
        **engine_of(side.settings).dbt_variables(),
    }


def test_a_second_writer_on_a_folder_is_refused_in_one_line(
    folder_lake: Built, exports: Path
) -> None:
    variables = _variables(folder_lake.side) | {"EXPORT": str(exports / "extended.zip")}
    with open_warehouse(folder_lake.side.settings):
        second = Home(folder_lake.side.folder).start("ingest", **variables)
        told, _ = second.communicate(timeout=120)
    assert second.returncode == 1
    assert told.startswith("spotify-elt: ")
    assert "lake is open in another program" in told
    assert len(told.splitlines()) == 1


def test_a_copy_is_a_lake_and_one_without_its_catalogue_is_not_begun_anew(
    folder_lake: Built, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(folder_lake.side.settings.lake_path, moved)
    settings = folder_lake.side.settings.model_copy(update={"lake_path": str(moved)})
    with open_warehouse(settings, read_only=True) as warehouse:
        [(plays,)] = warehouse.query("select count(*) from marts.fct_plays")
        [(records,)] = warehouse.query(
            "select count(*) from staging.stg_spotify_export__streaming_history"
        )
    assert plays > 1_000
    assert records > 1_000

    (moved / "catalog.ducklake").unlink()
    with (
        pytest.raises(WarehouseError, match="holds Parquet files, but the catalogue that knows"),
        open_warehouse(settings),
    ):
        pass
    assert not engine_of(settings).exists()


def test_every_mart_in_a_bucket_is_duckdbs_and_an_empty_disk_loses_nothing(
    near: Built, expected: Marts, bucket_lake: Built, world: World, exports: Path
) -> None:
    assert differences(bucket_lake.first, near.first) == {}

    shutil.rmtree(bucket_lake.side.folder / ".dlt", ignore_errors=True)
    shutil.rmtree(bucket_lake.side.target)
    assert not list(bucket_lake.side.folder.rglob("*.ducklake"))
    held = build_increment(bucket_lake.side, world, exports)
    assert differences(held, expected) == {}


def test_a_second_writer_on_a_bucket_is_refused_while_a_reader_is_not(bucket_lake: Built) -> None:
    settings = bucket_lake.side.settings
    with open_warehouse(settings):
        with (
            pytest.raises(WarehouseError, match=f"another run is writing to {settings.lake_path}"),
            open_warehouse(settings),
        ):
            pass
        with open_warehouse(settings, read_only=True) as reader:
            assert reader.query("select count(*) > 0 from marts.fct_plays") == [(True,)]


def test_nothing_that_is_logged_shows_a_secret(bucket_lake: Built, tmp_path: Path) -> None:
    def told(**variables: str) -> str:
        program = subprocess.run(
            [
                *(sys.executable, "-m", "ingestion", "--debug", "--log-level", "debug"),
                *("dbt", "--debug", "--log-level-file", "debug", "run", "--select", "dim_dates"),
            ],
            env=os.environ
            | _variables(bucket_lake.side)
            | {"DBT_LOG_PATH": str(tmp_path), **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return program.stdout + program.stderr

    built = told()
    assert "Completed successfully" in built
    path = bucket_lake.side.settings.lake_path.replace("music", "nowhere")
    nowhere = told(LAKE_PATH=path, LAKE_CATALOG="elsewhere.ducklake")
    assert re.search("404|ContainerNotFound", nowhere)
    catalog = f"postgresql://tests:{SECRET}@127.0.0.1:1/none"
    no_catalog = told(LAKE_CATALOG=catalog)
    assert "cannot use the catalogue of the lake" in no_catalog
    logs = (tmp_path / "dbt.log").read_text()
    assert len(logs) > 10_000
    assert SECRET not in logs + built + nowhere + no_catalog


def test_a_listener_who_is_forgotten_leaves_no_raw_row(bucket_lake: Built) -> None:
    check_forgetting(bucket_lake.side)


@pytest.fixture(params=["in a folder", "on Azure"])
def polled(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Settings, Callable[[], int]]:
    """A lake that is empty, and how many files it has by now."""
    here = tmp_path / "lake"
    if request.param == "in a folder":
        return _empty_lake(tmp_path), lambda: len(list(here.rglob("*.parquet")))
    azure = request.getfixturevalue("azure")
    there = {
        "lake_path": "az://music/polled",
        "lake_catalog": str(tmp_path / "kept.ducklake"),
        "azure_storage_connection_string": azure.connection_string,
    }
    blobs = azure.containers["music"]
    return _empty_lake(tmp_path, **there), lambda: sum(name.startswith("polled") for name in blobs)


def test_a_lake_that_is_written_each_half_hour_is_tidied_once_a_day(
    polled: tuple[Settings, Callable[[], int]],
) -> None:
    settings, files = polled
    with open_warehouse(settings) as warehouse:
        warehouse.query("create schema spotify_api")
        warehouse.query("create table spotify_api.plays as select range as play from range(5000)")
        for poll in range(30):
            warehouse.query(f"insert into spotify_api.plays select {poll} from range(20)")
            warehouse.query("insert into spotify_api.plays values (7)")
            warehouse.query(f"delete from spotify_api.plays where play = 1000 + {poll}")
    assert files() > 30

    for _ in range(3):  # what is needed no more is deleted a day later
        assert settings.warehouse_file
        _let_a_day_pass(settings.warehouse_file)
        with open_warehouse(settings) as warehouse:
            warehouse.query("insert into spotify_api.plays values (8)")
    with open_warehouse(settings, read_only=True) as warehouse:
        assert warehouse.query("select count(*), count(distinct play) from spotify_api.plays") == [
            (5_000 + 30 * 21 - 30 + 3, 4_970)
        ]
    assert files() < 10


def test_a_lake_on_googles_storage_is_written_and_what_it_cannot_delete_is_told(
    google: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    there = {"lake_path": "gs://music/polled", "lake_catalog": str(tmp_path / "kept.ducklake")}
    settings = _empty_lake(tmp_path, **there, **google)
    with open_warehouse(settings) as warehouse:
        warehouse.query("create schema spotify_api")
        warehouse.query("create table spotify_api.plays as select range as play from range(5000)")
        warehouse.query("delete from spotify_api.plays where play < 100")
    for _ in range(3):
        assert settings.warehouse_file
        _let_a_day_pass(settings.warehouse_file)
        with open_warehouse(settings) as warehouse:
            warehouse.query("insert into spotify_api.plays values (8)")
    ours = [record for record in caplog.records if record.name.startswith("ingestion.")]
    assert {record.levelname for record in ours} == {"WARNING"}
    for record in ours:
        told = record.getMessage()
        assert told.startswith("files that the lake needs no more were not deleted, and cost: ")
        assert "NotImplemented" in told
        assert "\n" not in told

    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    assert run_dbt(settings, ["--quiet", "seed"])
    with open_warehouse(settings, read_only=True) as warehouse:
        assert warehouse.query("select count(*) from spotify_api.plays") == [(4_903,)]
        assert warehouse.query("select count(*) > 200 from intermediate.country_time_zones") == [
            (True,)
        ]


def _let_a_day_pass(catalog: Path) -> None:
    with duckdb.connect(catalog) as connection:
        connection.execute(
            "update ducklake_snapshot set snapshot_time = snapshot_time - interval 40 hours;"
            " update ducklake_files_scheduled_for_deletion"
            " set schedule_start = schedule_start - interval 40 hours"
        )


def _empty_lake(folder: Path, **settings: str) -> Settings:
    given = {"lake_path": str(folder / "lake"), **settings}
    return load_settings(warehouse="lake", duckdb_path=folder / "unused.duckdb", **given)


def test_a_build_that_failed_lets_go_of_the_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    settings = _empty_lake(tmp_path)
    with open_warehouse(settings) as warehouse:
        warehouse.query("create schema spotify_api")
    assert not run_dbt(settings, ["--quiet", "run", "--select", "stg_spotify_api__tracks"])
    with open_warehouse(settings) as warehouse:
        warehouse.query("create schema spotify_export")


_PLACES = "is a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lake_path": "gcs://music"}, f"LAKE_PATH: {_PLACES}"),
        ({"lake_path": "s3://"}, f"LAKE_PATH: {_PLACES}"),
        ({"lake_path": "az:///music"}, f"LAKE_PATH: {_PLACES}"),
        ({"azure_storage_account": "music.blob"}, "AZURE_STORAGE_ACCOUNT: String should match"),
        ({"lake_catalog": "mysql://a@b/c"}, "LAKE_CATALOG: is not an address such as postgresql:"),
        ({"aws_endpoint_url": "minio"}, "AWS_ENDPOINT_URL: is not an address such as https:"),
        ({"gcs_endpoint_url": "google"}, "GCS_ENDPOINT_URL: is not an address such as https:"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_settings(**given)


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lake is what the environment names."""
    monkeypatch.setenv("WAREHOUSE", "lake")
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "unused.duckdb"))


def _told_by_doctor() -> list[tuple[str, str]]:
    return [(check.name, check.told) for check in engine_of(load_settings()).examine()]


@pytest.mark.usefixtures("configured")
def test_doctor_tells_what_a_bucket_lacks(
    s3: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_PATH", "s3://music/another")
    with pytest.raises(WarehouseError, match="LAKE_CATALOG is not set"):
        _told_by_doctor()
    monkeypatch.setenv("LAKE_CATALOG", str(tmp_path / "kept.ducklake"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3["aws_endpoint_url"])
    credentials = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(WarehouseError, match="no sign-in to s3://music/another was found"):
        _told_by_doctor()
    names = ("aws_access_key_id", "aws_secret_access_key")
    credentials.write_text("\n".join(["[default]", *(f"{name} = {s3[name]}" for name in names)]))
    assert ("bucket", "s3://music/another answers") in _told_by_doctor(), "signed in by the file"
    for name in names:
        monkeypatch.setenv(name.upper(), s3[name])
    assert ("bucket", "s3://music/another answers") in _told_by_doctor()
    monkeypatch.setenv("LAKE_PATH", "s3://nowhere/lake")
    with pytest.raises(WarehouseError, match="404 Not Found"):
        _told_by_doctor()


@pytest.mark.usefixtures("configured")
def test_doctor_tells_what_googles_storage_lacks(
    google: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_PATH", "gs://music/another")
    monkeypatch.setenv("LAKE_CATALOG", str(tmp_path / "kept.ducklake"))
    with pytest.raises(
        WarehouseError, match="gs://music/another was found: set GCS_HMAC_ACCESS_ID"
    ):
        _told_by_doctor()
    for name, value in google.items():
        monkeypatch.setenv(name.upper(), value)
    assert ("bucket", "gs://music/another answers") in _told_by_doctor()
    monkeypatch.setenv("GCS_HMAC_ACCESS_ID", "GOOG1OTHER")
    with pytest.raises(WarehouseError, match="403"):
        _told_by_doctor()
    monkeypatch.setenv("GCS_HMAC_ACCESS_ID", google["gcs_hmac_access_id"])
    monkeypatch.setenv("LAKE_PATH", "gs://nowhere/lake")
    with pytest.raises(WarehouseError, match="404"):
        _told_by_doctor()


@pytest.mark.usefixtures("configured")
def test_doctor_tells_what_a_container_lacks(
    azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> str:
        with pytest.raises(WarehouseError) as error:
            _told_by_doctor()
        return str(error.value)

    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LAKE_PATH", "az://music/another")
    assert refused().startswith("LAKE_CATALOG is not set")
    monkeypatch.setenv("LAKE_CATALOG", str(tmp_path / "kept.ducklake"))
    no_sign_in = "no sign-in to az://music/another was found: set AZURE_STORAGE_CONNECTION_STRING"
    assert refused().startswith(no_sign_in)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("PATH", str(tmp_path))  # without `az`, who might be signed in
    monkeypatch.setenv("IDENTITY_ENDPOINT", azure.address)  # a machine that has no identity
    monkeypatch.setenv("IDENTITY_HEADER", "unused")
    assert refused().startswith(no_sign_in)

    for wrong, said in {
        "UseDevelopmentStorage=true": "AZURE_STORAGE_CONNECTION_STRING names no account",
        azure.connection_string.replace(SECRET, "X"): "Base64",
        azure.connection_string.replace(SECRET, SECRET[::-1]): "failed with Auth",
    }.items():
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", wrong)
        told = refused()
        assert said in told
        assert SECRET[::-1] not in told
        assert len(told.splitlines()) == 1
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure.connection_string)
    assert ("container", "az://music/another answers") in _told_by_doctor()
    monkeypatch.setenv("LAKE_PATH", "az://nowhere/lake")
    assert "ContainerNotFound" in refused()
