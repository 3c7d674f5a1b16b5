"""Run by the emulator's own Python: bqemulator 1.4.0, with what it does otherwise put right.

Each part says what BigQuery does and the emulator does not.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import bqemulator.api.routes.jobs as jobs
import bqemulator.api.routes.tables as tables
import bqemulator.jobs.executor as executor
import bqemulator.sql.rewriter.aggregate_variants as aggregate_variants
import bqemulator.sql.rewriter.information_schema as information_schema
import bqemulator.sql.translator as translator
import duckdb
import duckdb_extension_spatial
from bqemulator.catalog.memory_repository import MemoryCatalogRepository
from bqemulator.cli import main
from bqemulator.domain.errors import InvalidQueryError, NotFoundError
from bqemulator.sql.parameters import _extract_value
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.storage.sql_identifiers import quoted_table_ref
from sqlglot import exp, parse_one, tokenize
from sqlglot.errors import ParseError
from sqlglot.tokens import TokenType

GZIP = b"\x1f\x8b"

engines: list[DuckDBEngine] = []


def load_spatial(engine: DuckDBEngine) -> None:
    """It would fetch the extension from a server; here it comes as a package."""
    [extension] = Path(duckdb_extension_spatial.__path__[0]).rglob("spatial.duckdb_extension")
    engine.connection.execute(f"load '{extension}'")
    engines.append(engine)


DuckDBEngine._load_spatial = load_spatial


# A script takes parameters: the emulator leaves them out, so they are written into it.

run_query_body = executor._run_query_body


async def run_query_body_with_parameters(**query: Any) -> Any:
    if query["is_scripted"] and query["query_params"]:
        values = {one["name"]: _extract_value(one) for one in query["query_params"]}
        query["bq_sql"] = with_values(query["bq_sql"], values)
    query["bq_sql"] = JOBS.sub("(select * from noted_jobs)", query["bq_sql"])
    return await run_query_body(**query)


def with_values(script: str, values: dict[str, Any]) -> str:
    parts, end = [], 0
    tokens = tokenize(script, read="bigquery")
    for mark, name in pairwise(tokens):
        if mark.token_type is TokenType.PARAMETER and name.text in values:
            literal = exp.convert(values[name.text]).sql("bigquery")
            parts += [script[end : mark.start], literal]
            end = name.end + 1
    return "".join([*parts, script[end:]])


executor._run_query_body = run_query_body_with_parameters


# A table can be given an end, after which it is gone; the emulator forgets the end.

rest_to_table_meta, table_to_rest = tables._rest_to_table_meta, tables._table_to_rest
get_table = MemoryCatalogRepository.get_table


def rest_to_table_meta_with_end(*given: Any) -> Any:
    meta, end = rest_to_table_meta(*given), given[2].get("expirationTime")
    if end:
        meta = meta.model_copy(update={"expiration_time": moment(end)})
    return meta


def table_to_rest_with_end(meta: Any) -> dict[str, Any]:
    told: dict[str, Any] = table_to_rest(meta)
    if meta.expiration_time:
        told["expirationTime"] = str(int(meta.expiration_time.timestamp() * 1000))
    with_what_it_holds(meta, told)
    by = partitioned.get(f"{meta.dataset_id}.{meta.table_id}")
    if by:
        of_months = f"{meta.dataset_id}.{meta.table_id}" in by_month
        told["timePartitioning"] = {"type": "MONTH" if of_months else "DAY", "field": by}
    return told


def get_table_before_its_end(catalog: MemoryCatalogRepository, *place: str) -> Any:
    table = get_table(catalog, *place)
    if table and table.expiration_time and table.expiration_time <= datetime.now(UTC):
        catalog._engine.execute(f"drop table if exists {quoted_table_ref(*place)}")
        catalog.delete_table(*place)
        return None
    return table


def moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


tables._rest_to_table_meta = rest_to_table_meta_with_end
tables._table_to_rest = table_to_rest_with_end
MemoryCatalogRepository.get_table = get_table_before_its_end


# Who makes a table in a dataset that is not there is told 404; the emulator fails with 500.

execute = DuckDBEngine.execute


def execute_in_datasets(engine: DuckDBEngine, sql: str, *parameters: Any) -> Any:
    try:
        return execute(engine, sql, *parameters)
    except duckdb.CatalogException as error:
        if sql.startswith("CREATE TABLE") and "Schema with name" in str(error):
            raise NotFoundError("Not found: Dataset") from error
        raise


DuckDBEngine.execute = execute_in_datasets

# dlt asks what columns there are; the emulator writes each of them into the query as a row of
# literals and translates that, which takes it ten seconds. DuckDB takes the rows as they are.

columns_as_values = information_schema._columns_as_values


def columns_as_table(tables: tuple[Any, ...], project: str, dataset: str) -> str:
    rows = columns_as_values(tables, project, dataset)
    name = f"columns_{hashlib.md5(rows.encode()).hexdigest()}"  # noqa: S324 - only a name
    engines[-1].execute(f"create table if not exists main.{name} as {rows[1:-1]}")
    return f"(select * from {name})"


information_schema._columns_as_values = columns_as_table


# BigQuery tells of a table how many rows it has, how big it is and when its rows were changed last;
# the emulator tells what it was made with. What DuckDB holds is asked for it, and a changed sum of
# its rows is a change. Without columns or rows there is nothing to ask: a lock is such a table.

seen: dict[tuple[str, ...], tuple[tuple[int, int], int]] = {}


def with_what_it_holds(meta: Any, told: dict[str, Any]) -> None:
    place = meta.project_id, meta.dataset_id, meta.table_id
    try:
        [held] = (
            engines[-1]
            .connection.cursor()
            .execute(f"select count(*), bit_xor(hash(t)) from {quoted_table_ref(*place)} as t")
            .fetchall()
        )
    except duckdb.Error:
        return
    now = int(datetime.now(UTC).timestamp() * 1000)
    if seen.get(place, ((), 0))[0] != held:
        seen[place] = held, now
    size = held[0] * 8 * len(told.get("schema", {}).get("fields", ()))
    told |= {
        "numRows": str(held[0]),
        "numBytes": str(size),
        "lastModifiedTime": str(seen[place][1]),
    }


# A dry run tells how much would be read; the emulator says nothing, whatever is asked.

build_dry_run_query_response = jobs._build_dry_run_query_response


async def tell_a_million_bytes(*given: Any, **named: Any) -> dict[str, Any]:
    told: dict[str, Any] = await build_dry_run_query_response(*given, **named)
    told["statistics"]["totalBytesProcessed"] = "1000000"
    told["statistics"].setdefault("query", {})["totalBytesProcessed"] = "1000000"
    return told


jobs._build_dry_run_query_response = tell_a_million_bytes


# Jobs are told by a view of the region, of which the emulator knows nothing: each is noted, as if
# billed for the least that BigQuery bills.

handle_query_job = jobs._handle_query_job

JOBS = re.compile(r"`[^`]+`\.`region-[a-z0-9-]+`\.INFORMATION_SCHEMA\.JOBS_BY_PROJECT")

NOTED_JOBS = """
create table if not exists main.noted_jobs (
    creation_time timestamptz,
    job_type varchar,
    parent_job_id varchar,
    total_bytes_billed bigint,
    labels struct("key" varchar, "value" varchar)[]
)
"""

NOTE_A_JOB = """
insert into main.noted_jobs
select now(), 'QUERY', null, 10485760, [
    struct_pack("key" := label[1], "value" := label[2])
    for label in list_zip(cast(? as varchar[]), cast(? as varchar[]))
]
"""


async def handle_query_job_and_note_it(*place: Any, **given: Any) -> Any:
    handled = await handle_query_job(*place, **given)
    if not given["dry_run"]:
        labels = place[2].get("labels", {})
        with engines[-1].connection.cursor() as cursor:
            cursor.execute(NOTED_JOBS)
            cursor.execute(NOTE_A_JOB, [[*labels], [*labels.values()]])
    return handled


jobs._handle_query_job = handle_query_job_and_note_it

# A table tells by what it has partitions, which the emulator forgets when a statement makes it, and
# may require that whoever asks it says for which: the emulator takes no options. BigQuery looks for
# such a filter beyond a subquery too; here it stands beside the table.

partitioned: dict[str, str] = {}
by_month: set[str] = set()
requiring: set[str] = set()

rewrite_alter_table_set_options = translator.rewrite_alter_table_set_options


def note_what_is_required(sql: str) -> str:
    tokens = [token.text for token in tokenize(sql, read="bigquery")]
    if "require_partition_filter" in tokens:
        place = ".".join(tokens[tokens.index("set") - 3 : tokens.index("set") : 2])
        (requiring.add if tokens[-2] == "true" else requiring.discard)(place)
    return rewrite_alter_table_set_options(sql)


def note_partitions(statement: exp.Expression) -> None:
    by = statement.find(exp.PartitionedByProperty)
    if isinstance(statement, exp.Create) and by:
        place = place_of(statement.find(exp.Table))
        partitioned[place] = by.find(exp.Column).name
        if "MONTH" in by.sql("bigquery"):
            by_month.add(place)
        requiring.discard(place)


def refuse_without_filter(statement: exp.Expression) -> None:
    for table in statement.find_all(exp.Table):
        asked = table.find_ancestor(exp.Select, exp.Delete)
        if place_of(table) in requiring and not isinstance(table.parent, exp.Schema):
            day = partitioned[place_of(table)]
            where = asked.args.get("where") if asked else None
            if not where or day not in {column.name for column in where.find_all(exp.Column)}:
                raise InvalidQueryError(
                    f"Cannot query over table '{place_of(table)}' without a filter over column(s)"
                    f" '{day}' that can be used for partition elimination"
                )


def place_of(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"


translator.rewrite_alter_table_set_options = note_what_is_required

# What statements may say that the emulator's own translation does not know.


def put_right(sql: str) -> str:
    try:
        statement = parse_one(sql, read="bigquery")
    except ParseError:
        return sql
    note_partitions(statement)
    refuse_without_filter(statement)
    changed = [make_without_declared_columns(statement), tell_local_time(statement)]
    return statement.sql("bigquery") if any(changed) else sql


def make_without_declared_columns(statement: exp.Expression) -> bool:
    """A table may be made of a query in parentheses, with its columns declared."""
    schema, query = statement.this, statement.args.get("expression")
    if not (isinstance(statement, exp.Create) and isinstance(schema, exp.Schema) and query):
        return False
    columns = [one for one in schema.expressions if isinstance(one, exp.ColumnDef)]
    casts = [exp.alias_(exp.cast(exp.column(one.name), one.kind), one.name) for one in columns]
    statement.set("this", schema.this)
    statement.set("expression", exp.select(*casts).from_(query.unnest().subquery("contents")))
    return True


def tell_local_time(statement: exp.Expression) -> bool:
    """`datetime(timestamp, zone)` is a wall clock; the emulator takes a zone for a time of day."""
    clocks = [
        one
        for one in statement.find_all(exp.Datetime)
        if isinstance(one.this, exp.Timestamp) and one.expression
    ]
    for clock in clocks:
        clock.replace(exp.Anonymous(this="timezone", expressions=[clock.expression, clock.this]))
    return bool(clocks)


translator.rewrite_create_table_schema_ctas = put_right


# array_agg takes `distinct`, `ignore nulls`, `order by` and `limit` together, not each alone.


def filter_target(operand: exp.Expression) -> exp.Expression:
    while isinstance(operand, (exp.Limit, exp.Order, exp.Distinct)):
        operand = operand.expressions[0] if isinstance(operand, exp.Distinct) else operand.this
    return operand


def rewrite_array_agg_limit(tree: exp.Expression) -> bool:
    limited = [one for one in tree.find_all(exp.ArrayAgg) if isinstance(one.this, exp.Limit)]
    for aggregate in limited:
        limit = aggregate.this
        aggregate.set("this", limit.this)
        whole = aggregate.parent if isinstance(aggregate.parent, exp.Filter) else aggregate
        whole.replace(exp.func("array_slice", whole.copy(), "1", limit.expression.copy()))
    return bool(limited)


aggregate_variants._filter_target = filter_target
aggregate_variants._rewrite_array_agg_limit = rewrite_array_agg_limit


# JSON may come compressed; the emulator reads it as it is.

load_path = executor._load_path_into_target


def load_path_uncompressed(path: str, *others: Any) -> None:
    file = Path(path)
    content = file.read_bytes()
    if content.startswith(GZIP):
        file.write_bytes(gzip.decompress(content))
    load_path(path, *others)


executor._load_path_into_target = load_path_uncompressed


# A Parquet file's columns are told by their names; the emulator goes by their order.


def load_parquet_by_name(path: str, target: str, context: Any) -> None:
    context.engine.execute(f"insert into {target} by name from read_parquet(?)", [path])


executor._LOAD_FORMAT_HANDLERS["PARQUET"] = load_parquet_by_name

if __name__ == "__main__":
    sys.exit(main())
