"""Plays for a Snowpipe: each once, in the folder of its day, in files that are never rewritten."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

pytest.importorskip("boto3", reason="`make test-warehouses` installs it")

from ingestion.errors import UserError
from ingestion.publish.bucket import Bucket, client_of
from ingestion.publish.snowpipe import Report, publish_to_snowpipe
from ingestion.raw_tables import ensure_raw_tables
from ingestion.settings import PROJECT_ROOT, Settings, load_settings
from ingestion.warehouse import open_warehouse
from simulator import World, imagine
from simulator.web_api import Service, serve
from tests.marts.conftest import Home
from tests.programs import wait_for
from tests.warehouses.conftest import MakeDatabase
from tests.warehouses.simulated_aws import make_bucket, simulated_aws

ROLE = "arn:aws:iam::123456789012:role/snowflake"

#: What the collector keeps of a play, by other SQL than the one that publishes it.
COLLECTED = """
    select
        listener, played_at, track__id, track__uri, track__name,
        (
            select list({'id': artists.id, 'name': artists.name} order by artists._dlt_list_idx)
            from spotify_api.recently_played__track__artists as artists
            where artists._dlt_parent_id = plays._dlt_id
        ),
        track__album__id, track__album__name, track__external_ids__isrc, track__duration_ms,
        track__explicit, context__type, context__uri, observed_at
    from spotify_api.recently_played as plays
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with simulated_aws(tmp_path_factory.mktemp("aws") / "log", uuid.uuid4().hex) as settings:
        yield settings


@pytest.fixture(scope="module")
def world() -> World:
    return imagine(1_200, seed=12, start=date(2025, 5, 1), end=date(2025, 7, 1))


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with serve(world, now=world.plays[500].ended_at, contract="extended") as service:
        yield service


@pytest.fixture
def home(tmp_path: Path, raw_tables: Path) -> Home:
    shutil.copy(raw_tables, tmp_path)
    return Home(tmp_path)


@pytest.fixture
def settings(home: Home, aws: dict[str, Any]) -> Settings:
    return load_settings(duckdb_path=home.duckdb_path, **aws)


@pytest.fixture
def address(aws: dict[str, Any]) -> str:
    """An empty place of the test's own."""
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    make_bucket(aws, bucket)
    return f"s3://{bucket}/collected"


def test_every_poll_adds_what_is_new_and_all_that_was_reported_is_there_once(
    home: Home, settings: Settings, service: Service, address: str
) -> None:
    home.poll(service, until=service.clock.now + timedelta(days=2), patience=timedelta(days=1))
    first = publish_to_snowpipe(settings, address)
    assert first.files > 2
    assert first.plays == len(lines_of(settings, address)) > 50
    written = etags(settings, address)

    assert publish_to_snowpipe(settings, address) == Report(files=0, plays=0)
    assert etags(settings, address) == written

    home.poll(service, until=service.clock.now + timedelta(days=1))
    assert publish_to_snowpipe(settings, address).plays > 0
    assert written.items() < etags(settings, address).items(), "a file was rewritten"
    assert_all_is_there_once(home, settings, address)


def test_a_warehouse_that_was_lost_and_collected_anew_doubles_nothing(
    home: Home, settings: Settings, service: Service, address: str
) -> None:
    home.poll(service, until=service.clock.now)
    before = publish_to_snowpipe(settings, address).plays
    home.duckdb_path.unlink()
    home.poll(service, until=service.clock.now)
    assert publish_to_snowpipe(settings, address) == Report(files=0, plays=0)

    home.poll(service, until=service.clock.now + timedelta(days=1))
    assert publish_to_snowpipe(settings, address).plays > 0
    [(collected,)] = home.query("select count(*) from spotify_api.recently_played")
    held = lines_of(settings, address)
    assert len(held) == len({(line["played_at"], line["track_id"]) for line in held})
    assert len(held) >= collected > before


def test_a_publish_that_was_killed_is_taken_up_where_it_was(
    home: Home, settings: Settings, aws: dict[str, Any], address: str
) -> None:
    load_plays(settings, loads=range(150))
    bucket = Bucket(settings, address)
    publishing = subprocess.Popen(
        [sys.executable, "-m", "ingestion", "publish", "snowpipe", address],
        env=os.environ
        | {name.upper(): value for name, value in aws.items()}
        | {"DUCKDB_PATH": str(home.duckdb_path), "PYTHONPATH": str(PROJECT_ROOT)},
        stdout=subprocess.PIPE,
    )
    wait_for(lambda: len(list(bucket.names("listening_history/"))) > 20, "the first files")
    publishing.send_signal(signal.SIGKILL)
    assert publishing.wait() == -signal.SIGKILL, "it was over before it could be killed"
    written = etags(settings, address)
    [(loads,)] = home.query(
        "select count(distinct (_dlt_load_id, listener, played_at::date))"
        " from spotify_api.recently_played"
    )

    report = publish_to_snowpipe(settings, address)

    assert report.files + len(written) - 1 == loads, "one of them is snowpipe.sql"
    assert report.plays > 0
    assert written.items() < etags(settings, address).items(), "a file was rewritten"
    assert_all_is_there_once(home, settings, address)


def test_a_load_that_has_not_ended_waits(home: Home, settings: Settings, address: str) -> None:
    load_plays(settings, loads=range(3))
    home.query("update spotify_api._dlt_loads set status = 1 where load_id = '1750000001.5'")

    publish_to_snowpipe(settings, address)
    assert not [name for name in Bucket(settings, address).names() if "1750000001.5" in name]

    home.query("update spotify_api._dlt_loads set status = 0 where load_id = '1750000001.5'")
    publish_to_snowpipe(settings, address)
    assert_all_is_there_once(home, settings, address)


def test_the_same_plays_are_the_same_files_from_any_warehouse(
    home: Home, settings: Settings, make_database: MakeDatabase, aws: dict[str, Any], address: str
) -> None:
    load_plays(settings, loads=range(6))
    publish_to_snowpipe(settings, address)
    written = etags(settings, address)
    bucket = Bucket(settings, address)
    *_, last = bucket.names("listening_history/")
    bucket.delete([last])
    assert publish_to_snowpipe(settings, address) == Report(files=1, plays=1)
    assert contents(etags(settings, address)) == contents(written)
    assert_all_is_there_once(home, settings, address)

    on_a_server = load_settings(
        warehouse="postgres", postgres_url=make_database(), duckdb_path=home.duckdb_path, **aws
    )
    ensure_raw_tables(on_a_server)
    load_plays(on_a_server, loads=range(6))
    assert publish_to_snowpipe(on_a_server, address) == Report(files=0, plays=0)
    bucket.delete(list(bucket.names("listening_history/")))
    assert publish_to_snowpipe(on_a_server, address) == Report(files=12, plays=12)
    assert contents(etags(settings, address)) == contents(written)


def test_what_others_have_written_into_the_folder_of_a_day_stays_unread(
    home: Home, settings: Settings, address: str
) -> None:
    load_plays(settings, loads=range(2))
    bucket = Bucket(settings, address)
    bucket.replace("listening_history/2025/06/15/12-00.jsonl.gz", b"no gzip")
    publish_to_snowpipe(settings, address)
    assert bucket.read("listening_history/2025/06/15/12-00.jsonl.gz") == b"no gzip"
    bucket.delete(["listening_history/2025/06/15/12-00.jsonl.gz"])
    assert_all_is_there_once(home, settings, address)


def test_the_pipe_gives_what_was_collected_to_the_columns_of_the_table(
    home: Home, settings: Settings, service: Service, address: str, tmp_path: Path
) -> None:
    """Its SQL runs on DuckDB, translated, over the files as they are."""
    home.poll(service, until=service.clock.now)
    load_plays(settings, loads=range(2))
    publish_to_snowpipe(settings, address, role=ROLE)
    bucket = Bucket(settings, address)
    script = (bucket.read("snowpipe.sql") or b"").decode()
    files = f"{address}/listening_history/"
    for index, name in enumerate(bucket.names("listening_history/")):
        (tmp_path / f"{index}.jsonl.gz").write_bytes(bucket.read(name) or b"")

    made = {}
    before, _, piped = script.partition("create pipe if not exists listening_history_pipe ")
    head, _, rest = piped.partition(" as\n")
    assert head == "auto_ingest = true"
    copy = sqlglot.parse_one(rest.partition(";")[0], dialect="snowflake")
    assert isinstance(copy, exp.Copy)
    for statement in sqlglot.parse(before, dialect="snowflake"):
        assert statement is None or isinstance(statement, (exp.Create, exp.Describe, exp.Semicolon))
        if isinstance(statement, exp.Create):
            made[statement.kind] = statement
    assert made.keys() == {"STORAGE INTEGRATION", "FILE FORMAT", "STAGE", "TABLE"}
    integration = made["STORAGE INTEGRATION"].sql("snowflake")
    assert f"storage_aws_role_arn='{ROLE}'" in integration
    assert f"storage_allowed_locations=('{files}')" in integration
    assert f"url='{files}'" in made["STAGE"].sql("snowflake")
    assert "key" not in script.lower().replace("and no key", ""), "the role is all there is"

    table = made["TABLE"]
    columns = [it.name for it in table.this.expressions]
    into = copy.this
    assert isinstance(into, exp.Schema)
    assert [it.name for it in into.expressions] == columns
    select = copy.args["files"][0].find(exp.Select)
    assert select.args["from_"].this.this.name == "@listening_history_files"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for column in table.find_all(exp.ColumnConstraint):
            if isinstance(column.kind, exp.CommentColumnConstraint):
                column.pop()
        table.set("properties", None)
        for it in table.find_all(exp.DataType):
            if it.this is exp.DType.ARRAY:
                it.replace(exp.DataType.build("struct(id text, name text)[]", dialect="duckdb"))
        connection.execute(table.sql("duckdb"))
        connection.execute(
            f"create view lines as select json as line, filename"
            f" from read_ndjson_objects('{tmp_path}/*.jsonl.gz', filename = true)"
        )
        connection.execute(f"insert into listening_history {_on_duckdb(select)}")
        names = ", ".join(columns[:-1])
        held = connection.execute(f"select {names} from listening_history").fetchall()
    expected = [tuple(_without_zone(value) for value in row) for row in home.query(COLLECTED)]
    assert sorted(held, key=repr) == sorted(expected, key=repr)
    assert len(held) > 50


def _on_duckdb(select: exp.Select) -> str:
    """The select over a stage, as one over the view of its lines."""
    select.set("from_", exp.From(this=exp.to_table("lines")))
    for parameter in list(select.find_all(exp.Parameter)):
        parameter.replace(exp.column("line"))
    for column in select.find_all(exp.Column):
        if column.name.lower() == "metadata$filename":
            column.replace(exp.column("filename"))
    for cast in list(select.find_all(exp.Cast)):
        if cast.to.this is exp.DType.ARRAY:
            cast.to.replace(exp.DataType.build("struct(id text, name text)[]", dialect="duckdb"))
        elif cast.to.this is exp.DType.VARCHAR or cast.to.this is exp.DType.TEXT:
            value = cast.this  # DuckDB's cast of a JSON text leaves its quotes
            cast.replace(exp.JSONExtractScalar(this=value.this, expression=value.expression))
    return select.sql("duckdb")


def test_the_role_is_named_once_and_stays(settings: Settings, address: str) -> None:
    load_plays(settings, loads=range(1))
    bucket = Bucket(settings, address)
    publish_to_snowpipe(settings, address)
    assert b"'arn:aws:iam::<account>:role/<role>'" in (bucket.read("snowpipe.sql") or b"")
    publish_to_snowpipe(settings, address, role=ROLE)
    publish_to_snowpipe(settings, address)
    assert f"'{ROLE}'".encode() in (bucket.read("snowpipe.sql") or b"")
    with pytest.raises(UserError, match=r"^snowflake' is not the ARN of a role: arn:aws:iam::"):
        publish_to_snowpipe(settings, address, role="snowflake'")


def test_before_anything_was_collected_there_is_nothing_to_publish(
    home: Home, settings: Settings, address: str
) -> None:
    assert publish_to_snowpipe(settings, address) == Report(files=0, plays=0)
    home.duckdb_path.unlink()
    said = r"^no plays are collected yet: run `spotify-elt login`, then `collect`$"
    with pytest.raises(UserError, match=said):
        publish_to_snowpipe(settings, address)
    with duckdb.connect(settings.duckdb_path) as connection:
        connection.execute("create schema spotify_api")
    with pytest.raises(UserError, match=said):
        publish_to_snowpipe(settings, address)
    assert list(Bucket(settings, address).names()) == ["snowpipe.sql"]
    with pytest.raises(UserError, match=r"^gs://music is not s3://bucket/prefix$"):
        publish_to_snowpipe(settings, "gs://music")


def load_plays(settings: Settings, *, loads: range) -> None:
    """Plays of two listeners at the same moments; each load brings one of the day before too."""
    began = datetime(2025, 6, 15, 15, 6, 40, 123_000, tzinfo=UTC)
    with open_warehouse(settings) as warehouse, warehouse.transaction():
        for load in loads:
            id_ = f"{1_750_000_000 + load}.5"
            listener = ("me", "Åsa@home")[load % 2]
            asked_at = began + timedelta(hours=load // 2)
            for number, ended in enumerate((asked_at, asked_at - timedelta(days=1, minutes=7))):
                key = f"{load}-{number}"
                track = (f"track{number}", f"spotify:track:track{number}")
                if load % 5 == 0:
                    track = (None, f"spotify:local:a:b:it's {number}:1")
                warehouse.query(
                    "insert into spotify_api.recently_played (_dlt_id, _dlt_load_id, listener,"
                    " observed_at, played_at, track__id, track__uri, track__name, track__explicit)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [key, id_, listener, asked_at, ended, *track, 'Épe "東京"', number == 0],
                )
                warehouse.query(
                    "insert into spotify_api.recently_played__track__artists"
                    " (_dlt_id, _dlt_parent_id, _dlt_list_idx, id, name)"
                    " values (?, ?, 1, 'b', 'Guest'), (?, ?, 0, 'a', 'First')",
                    [f"{key}-1", key, f"{key}-0", key],
                )
            warehouse.query(
                "insert into spotify_api._dlt_loads (load_id, schema_name, status, inserted_at)"
                " values (?, 'spotify_api', 0, ?)",
                [id_, asked_at],
            )


def assert_all_is_there_once(home: Home, settings: Settings, address: str) -> None:
    held = [tuple(_told(value) for value in line.values()) for line in lines_of(settings, address)]
    expected = [tuple(_told(value) for value in row) for row in home.query(COLLECTED)]
    assert sorted(held, key=repr) == sorted(expected, key=repr)


def lines_of(settings: Settings, address: str) -> list[dict[str, Any]]:
    """All that is published; each line in the folder of the day that it tells."""
    bucket = Bucket(settings, address)
    held = []
    for name in bucket.names("listening_history/"):
        for text in gzip.decompress(bucket.read(name) or b"").decode().splitlines():
            line = json.loads(text)
            assert line["played_at"].endswith("Z")
            assert name.split("/")[1:4] == line["played_at"][:10].split("-")
            assert name.split("/")[4].startswith(f"{line['listener']}-")
            held.append(line)
    return held


def etags(settings: Settings, address: str) -> dict[str, str]:
    """What lies there, and when it was written."""
    listed = client_of(settings, "s3").list_objects_v2(Bucket=address.split("/")[2])
    assert not listed["IsTruncated"]
    return {it["Key"]: f"{it['ETag']} {it['LastModified']}" for it in listed["Contents"]}


def contents(etags: dict[str, str]) -> dict[str, str]:
    """What lies there, whenever it was written."""
    return {name: etag.split()[0] for name, etag in etags.items()}


def _told(value: object) -> object:
    """Times as one of the two tells them; no artist is an empty list in a line, and null in SQL."""
    if isinstance(value, str) and value.endswith("Z") and value[4:5] == "-":
        return datetime.fromisoformat(value)
    return [] if value is None else value


def _without_zone(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
