"""The marts for Athena: what its tables say is what the files hold, and nobody sees half a write.

Athena itself is nowhere to be had: what it would do with the tables, read the folders that their
properties name, is done here by pyarrow.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
import yaml
from pyarrow import fs
from sqlglot import exp

pytest.importorskip("boto3", reason="`make test-warehouses` installs it")

from ingestion.errors import UserError, WarehouseError
from ingestion.publish.athena import publish_to_athena
from ingestion.publish.bucket import Bucket, client_of
from ingestion.settings import PROJECT_ROOT, Settings, load_settings
from tests.programs import wait_for
from tests.warehouses.simulated_aws import make_bucket, simulated_aws

#: What no log may show.
SECRET, TOKEN = uuid.uuid4().hex, uuid.uuid4().hex

#: The types that Athena reads from a file, by what sqlglot calls those of the DDL.
READ_AS = {
    "TEXT": pa.string(),
    "BIGINT": pa.int64(),
    "INT": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}

LISTENERS = ("anna@home", "Åsa-b.c", "me")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with simulated_aws(tmp_path_factory.mktemp("aws") / "log", SECRET) as settings:
        yield settings


@pytest.fixture
def settings(
    aws: dict[str, Any], parsed_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """A warehouse without anything; dbt has parsed the project already."""
    monkeypatch.setenv("DBT_PROJECT_DIR", str(parsed_project))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(PROJECT_ROOT / "profiles"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    with chdir(tmp_path):
        yield load_settings(duckdb_path=tmp_path / "home.duckdb", **aws)


@pytest.fixture
def address(aws: dict[str, Any]) -> str:
    """An empty place of the test's own."""
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    make_bucket(aws, bucket)
    return f"s3://{bucket}/published/marts"


@dataclass
class Described:
    """A table as DDL or Glue describe it."""

    columns: dict[str, str]
    partitions: dict[str, str]
    location: str
    properties: dict[str, str]
    comments: dict[str, str] = field(default_factory=dict)


def test_tables_say_what_the_files_of_every_mart_hold(settings: Settings, address: str) -> None:
    held = write_all_marts(settings)
    assert len(held) > 30

    assert publish_to_athena(settings, address, glue_database="music") == sum(held.values())

    tables = described_by_ddl(settings, address)
    assert tables.keys() == held.keys()
    for mart, table in tables.items():
        rows = 0
        for folder in folders_of(table):
            for file in files_below(settings, table.location + folder):
                schema = file.schema_arrow
                assert {**table.columns, **table.partitions} == {
                    name: schema.field(name).type for name in schema.names
                }, mart
                rows += file.metadata.num_rows
        assert rows == held[mart], f"{mart}: not every row is in a folder that Athena looks into"

    plays = tables["fct_plays"]
    assert plays.partitions.keys() == {"listener", "year_month"}
    assert tables["fct_sessions"].partitions.keys() == {"listener", "year_month"}
    assert tables["dim_tracks"].partitions == {}
    assert plays.comments["ms_played"].startswith("Milliseconds that were heard; a pause")
    assert plays.comments[""].startswith("One row per play that happened")
    assert all(table.comments[""].startswith("One row per") for table in tables.values())

    in_glue = described_by_glue(settings, "music")
    assert in_glue.keys() == tables.keys()
    for mart, table in tables.items():
        assert in_glue[mart] == table


def test_a_mart_without_rows_keeps_its_partitions(settings: Settings, address: str) -> None:
    write_marts(settings, version=1, rows=0)

    assert publish_to_athena(settings, address) == 0

    table = described_by_ddl(settings, address)["fct_plays"]
    assert table.partitions.keys() == {"listener", "year_month"}
    assert table.properties["projection.listener.values"] == "me"
    assert [list(files_below(settings, table.location + name)) for name in folders_of(table)]


def test_a_reader_sees_the_old_files_or_the_new_never_half(
    settings: Settings, address: str
) -> None:
    write_marts(settings, version=1)
    publish_to_athena(settings, address, glue_database="swapped")
    seen: set[tuple[frozenset[int], int]] = set()
    has_ended = threading.Event()

    def read() -> None:
        while not has_ended.is_set():
            table = described_by_glue(settings, "swapped")["fct_plays"]
            files = [
                file.read(columns=["version"])
                for folder in folders_of(table)
                for file in files_below(settings, table.location + folder)
            ]
            versions = [row for file in files for row in file["version"].to_pylist()]
            seen.add((frozenset(versions), len(versions)))

    reader = threading.Thread(target=read)
    reader.start()
    for version in (2, 3):
        write_marts(settings, version)
        publish_to_athena(settings, address, glue_database="swapped")
    has_ended.set()
    reader.join(timeout=60)

    assert seen <= {(frozenset({version}), 300) for version in (1, 2, 3)}
    assert len(seen) > 1, "nobody read while it was published"


def test_the_write_before_stays_until_the_next_one_is_done(
    settings: Settings, address: str
) -> None:
    bucket = Bucket(settings, address)

    def writes() -> list[str]:
        return sorted({name.partition("/")[0] for name in bucket.names() if "/" in name})

    write_marts(settings, version=1)
    publish_to_athena(settings, address)
    [first] = writes()
    publish_to_athena(settings, address)
    [kept, second] = writes()
    assert kept == first
    publish_to_athena(settings, address)
    assert first not in writes()
    assert second in writes()
    assert len(writes()) == 2

    bucket.replace("published.json", b'{"write": "29991231T000000.000000Z-0000"}')
    publish_to_athena(settings, address)
    [file, *_] = files_below(settings, described_by_ddl(settings, address)["dim_tracks"].location)
    assert file.metadata.num_rows == 300, "deleted by a clock that was set back"


def test_a_publish_that_was_killed_changes_nothing_for_readers(
    settings: Settings, address: str, aws: dict[str, Any]
) -> None:
    bucket = Bucket(settings, address)
    write_marts(settings, version=1)
    publish_to_athena(settings, address, glue_database="killed")
    before = set(bucket.names())
    ddl, tables = bucket.read("athena.sql"), described_by_glue(settings, "killed")

    write_marts(settings, version=2, rows=1_500)  # a hundred files to be killed among
    publishing = start(settings, aws, "publish", "athena", address, "--glue-database", "killed")
    wait_for(lambda: len(set(bucket.names()) - before) > 5, "the first files")
    publishing.send_signal(signal.SIGKILL)
    assert publishing.wait() == -signal.SIGKILL, "it was over before it could be killed"
    left = set(bucket.names()) - before
    assert bucket.read("athena.sql") == ddl
    assert described_by_glue(settings, "killed") == tables

    for _ in range(2):
        publish_to_athena(settings, address, glue_database="killed")
    assert not left & set(bucket.names()), "what it left is never tidied away"
    [file, *_] = files_below(settings, described_by_glue(settings, "killed")["dim_tracks"].location)
    assert set(file.read()["version"].to_pylist()) == {2}


def test_what_others_have_made_is_never_replaced(settings: Settings, address: str) -> None:
    write_marts(settings, version=1)
    glue = client_of(settings, "glue")
    glue.create_database(DatabaseInput={"Name": "shared"})
    for name in ("dim_tracks", "of_somebody"):
        glue.create_table(DatabaseName="shared", TableInput={"Name": name})
    with pytest.raises(UserError, match=r"^the table dim_tracks of Glue's database shared was not"):
        publish_to_athena(settings, address, glue_database="shared")
    assert list(Bucket(settings, address).names()) == []

    glue.delete_table(DatabaseName="shared", Name="dim_tracks")
    publish_to_athena(settings, address, glue_database="shared")
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("drop table marts.dim_tracks")
    publish_to_athena(settings, address, glue_database="shared")
    pages = glue.get_tables(DatabaseName="shared")["TableList"]
    assert {table["Name"] for table in pages} == {"fct_plays", "of_somebody"}

    above = address.removesuffix("/marts")
    with pytest.raises(
        UserError, match=r"/published holds something that `publish athena` has not"
    ):
        publish_to_athena(settings, above)


def test_what_cannot_be_is_said_in_one_line(
    settings: Settings, aws: dict[str, Any], address: str
) -> None:
    with pytest.raises(UserError, match=r"^there are no marts yet: run `spotify-elt run` first"):
        publish_to_athena(settings, address)
    write_marts(settings, version=1)
    with pytest.raises(UserError, match=r"^music/marts is not s3://bucket/prefix"):
        publish_to_athena(settings, "music/marts")
    with pytest.raises(
        WarehouseError, match=r"^cannot publish to s3://nowhere/marts: .* not exist"
    ):
        publish_to_athena(settings, "s3://nowhere/marts")
    elsewhere = settings.model_copy(update={"aws_endpoint_url": "http://127.0.0.1:1"})
    with pytest.raises(WarehouseError, match=f"^cannot publish to {address}: Could not connect"):
        publish_to_athena(elsewhere, address)
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SHARED_CREDENTIALS_FILE": "/none"}
    publishing = start(settings, aws, "publish", "athena", address, **nobody)
    _, told = publishing.communicate(timeout=120)
    assert publishing.returncode == 1
    assert told.splitlines() == [
        f"spotify-elt: no sign-in to {address} was found: set AWS_ACCESS_KEY_ID and"
        " AWS_SECRET_ACCESS_KEY"
    ]
    without_boto3 = (
        "import sys; sys.modules['boto3'] = None\nfrom ingestion.cli import main; main()"
    )
    program = subprocess.run(
        [sys.executable, "-c", without_boto3, "publish", "athena", address],
        env=environment(settings, aws),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert program.returncode == 1
    assert program.stderr.splitlines() == [
        "spotify-elt: publishing to s3://… needs packages that are not installed: make setup"
        " WAREHOUSE=lake (or pip install 'spotify-elt[lake]')"
    ]
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create table marts.odd as select [1] as hours")
    with pytest.raises(UserError, match=r"^odd.hours is a INTEGER\[\], which no table for Athena"):
        publish_to_athena(settings, address)


def test_nothing_that_is_logged_shows_a_secret(
    settings: Settings, aws: dict[str, Any], address: str
) -> None:
    write_marts(settings, version=1, rows=2)
    publishing = start(
        settings,
        aws,
        *("--debug", "--log-level", "debug", "publish", "athena", address),
        *("--glue-database", "logged"),
        AWS_SESSION_TOKEN=TOKEN,
    )
    out, told = publishing.communicate(timeout=120)
    assert publishing.returncode == 0, told
    assert "4  rows published" in out
    assert "DEBUG" in told
    assert SECRET not in out + told
    assert TOKEN not in out + told


def write_all_marts(settings: Settings) -> dict[str, int]:
    """Every mart as its contract has it, with some rows; how many, by name."""
    values = {
        "varchar": "'it''s ' || row",
        "bigint": "row",
        "integer": "row",
        "double precision": "row / 7",
        "boolean": "row % 2 = 0",
        "date": "date '2025-11-30' + row::integer",
        "timestamp": "timestamp '2025-11-30 23:59:59.123456' + to_days(row::integer)",
    }
    held = {}
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema marts")
        for file in sorted((PROJECT_ROOT / "dbt_project" / "models" / "marts").glob("*.yml")):
            for model in yaml.safe_load(file.read_text())["models"]:
                columns = {column["name"]: column["data_type"] for column in model["columns"]}
                selected = {name: f"({values[kind]})" for name, kind in columns.items()} | {
                    "listener": f"{list(LISTENERS)}[row % {len(LISTENERS)} + 1]",
                    "year_month": "strftime(date '2025-11-30' + row::integer, '%Y-%m')",
                }
                typed = ", ".join(
                    f'cast({selected[name]} as {kind}) as "{name}"'
                    for name, kind in columns.items()
                )
                connection.execute(
                    f'create table marts."{model["name"]}" as select {typed}'
                    " from (select unnest([0, 1, 2, 40, 70]) as row)"
                )
                held[model["name"]] = 5
    return held


def write_marts(settings: Settings, version: int, rows: int = 300) -> None:
    """Two marts, of which every row bears the version, over some listeners and months."""
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema if not exists marts")
        for mart in ("dim_tracks", "fct_plays"):
            more = f", {list(LISTENERS[1:])}[range % 2 + 1] as listener" if mart[0] == "f" else ""
            connection.execute(
                f"create or replace table marts.{mart} as select {version} :: bigint as version,"
                f" date '2020-01-01' + range :: integer as listening_date {more} from range({rows})"
            )


def described_by_ddl(settings: Settings, address: str) -> dict[str, Described]:
    """What athena.sql says, as sqlglot reads Athena's language."""
    script = Bucket(settings, address).read("athena.sql")
    assert script
    statements = sqlglot.parse(script.decode(), dialect="athena")
    drops = [it for it in statements if isinstance(it, exp.Drop)]
    creates = [it for it in statements if isinstance(it, exp.Create)]
    assert len(statements) == len(drops) + len(creates)
    assert [drop.find(exp.Table) for drop in drops] == [it.find(exp.Table) for it in creates]
    tables = {}
    for create in creates:
        schema = create.this
        properties = create.args["properties"].expressions
        by_kind = {type(it): it for it in properties}
        partitioned = by_kind.get(exp.PartitionedByProperty)
        inside = schema.expressions
        outside = partitioned.this.expressions if partitioned else []
        comments = {
            it.name: it.find(exp.CommentColumnConstraint).this.name
            for it in [*inside, *outside]
            if it.find(exp.CommentColumnConstraint)
        }
        assert by_kind[exp.FileFormatProperty].name.lower() == "parquet"
        tables[create.find(exp.Table).name] = Described(
            columns={it.name: READ_AS[it.kind.this.value] for it in inside},
            partitions={it.name: READ_AS[it.kind.this.value] for it in outside},
            location=by_kind[exp.LocationProperty].this.name,
            properties={
                it.this.name: it.args["value"].name for it in properties if type(it) is exp.Property
            },
            comments=comments | {"": by_kind[exp.SchemaCommentProperty].this.name},
        )
    return tables


def described_by_glue(settings: Settings, database: str) -> dict[str, Described]:
    """What Glue gives to Athena."""

    def typed(columns: list[dict[str, str]]) -> dict[str, Any]:
        names = {"STRING": "TEXT"}
        kinds = {column["Name"]: column["Type"].upper() for column in columns}
        return {name: READ_AS[names.get(kind, kind)] for name, kind in kinds.items()}

    tables = {}
    for page in (
        client_of(settings, "glue").get_paginator("get_tables").paginate(DatabaseName=database)
    ):
        for table in page["TableList"]:
            files = table["StorageDescriptor"]
            columns = [*files["Columns"], *table["PartitionKeys"]]
            properties = dict(table["Parameters"])
            assert properties.pop("EXTERNAL") == "TRUE"
            assert properties.pop("classification") == "parquet"
            tables[table["Name"]] = Described(
                columns=typed(files["Columns"]),
                partitions=typed(table["PartitionKeys"]),
                location=files["Location"],
                properties=properties,
                comments={it["Name"]: it["Comment"] for it in columns if it["Comment"]}
                | {"": table["Description"]},
            )
    return tables


def folders_of(table: Described) -> list[str]:
    """The folders that Athena looks into, by the rules of its partition projection."""
    if not table.partitions:
        return [""]
    given = table.properties
    assert given["projection.enabled"] == "true"
    values = [given["projection.listener.values"].split(",")]
    if "year_month" in table.partitions:
        assert given["projection.year_month.format"] == "yyyy-MM"
        assert given["projection.year_month.interval"] == "1"
        assert given["projection.year_month.interval.unit"] == "MONTHS"
        first, last = (
            int(month[:4]) * 12 + int(month[5:]) - 1
            for month in given["projection.year_month.range"].split(",")
        )
        months = range(first, last + 1)
        values.append([f"{month // 12}-{month % 12 + 1:02}" for month in months])
    return [
        "".join(f"{name}={value}/" for name, value in zip(table.partitions, chosen, strict=True))
        for chosen in product(*values)
    ]


def files_below(settings: Settings, location: str) -> Iterator[pq.ParquetFile]:
    """The files of one folder, by another S3 client than the one that wrote them."""
    assert settings.aws_endpoint_url
    endpoint = urlsplit(settings.aws_endpoint_url)
    s3 = fs.S3FileSystem(
        access_key=settings.aws_access_key_id,
        secret_key=SECRET,
        endpoint_override=endpoint.netloc,
        scheme=endpoint.scheme,
    )
    below = fs.FileSelector(location.removeprefix("s3://"), allow_not_found=True)
    for found in s3.get_file_info(below):
        if found.is_file:
            yield pq.ParquetFile(s3.open_input_file(found.path))


def environment(settings: Settings, aws: dict[str, Any]) -> dict[str, str]:
    return os.environ | {
        **{name.upper(): value for name, value in aws.items()},
        "DUCKDB_PATH": str(settings.duckdb_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(PROJECT_ROOT),
    }


def start(
    settings: Settings, aws: dict[str, Any], *arguments: str, **variables: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingestion", *arguments],
        env=environment(settings, aws) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
